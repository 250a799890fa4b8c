/**
 * What can be seen of a running system: JSON logs that carry the trace and the saga they belong to, W3C trace context
 * from the API call through every message to every device call, metrics in Prometheus form. The context always
 * travels, so one saga has one trace id in all logs; spans are recorded and sent only when an OTLP endpoint is set, and
 * until then no OpenTelemetry code is even loaded.
 */
export * from './export.js';
export * from './instruments.js';
export * from './logger.js';
export * from './meter-provider.js';
export * from './metrics.js';
export * from './propagation.js';
export {
  currentFields,
  currentTrace,
  withFields,
  withoutScope,
  withTrace,
  type LogFields,
  type TraceContext,
} from './scope.js';
export {
  inSaga,
  isRecording,
  newTrace,
  traceOfSaga,
  withSpan,
  type Span,
  type SpanAttributes,
  type SpanOptions,
} from './tracing.js';
