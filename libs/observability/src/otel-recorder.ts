import { AppError, messageOf, SystemClock } from '@rackwright/kernel';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Span as OtelSpan } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { TraceContext } from './scope.js';
import type { RecordedSpan, SpanOptions, SpanRecorder } from './tracing.js';

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Records spans with the OpenTelemetry SDK. No global provider is set: the context is ours, only the sending is theirs. */
export class OtelRecorder implements SpanRecorder {
  private constructor(private readonly provider: BasicTracerProvider) {}

  static start(service: { readonly name: string; readonly version: string }, url: string): OtelRecorder {
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.namespace': 'rackwright',
        'service.name': service.name,
        'service.version': service.version,
      }),
      // A collector that is away costs dropped spans, never memory: the queue is bounded.
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }), { maxQueueSize: 4_096 })],
    });
    return new OtelRecorder(provider);
  }

  start(name: string, parent: TraceContext | undefined, options: SpanOptions): RecordedSpan {
    const links = (options.links ?? []).filter((link) => link !== undefined);
    const span = this.provider.getTracer('rackwright').startSpan(
      name,
      {
        kind: KINDS[options.kind ?? 'internal'],
        ...(options.attributes === undefined ? {} : { attributes: { ...options.attributes } }),
        links: links.map((link) => ({ context: otelContext(link) })),
      },
      // Recorded whatever the sender did: a trace begun before the collector was configured is still worth seeing.
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { ...otelContext(parent), isRemote: true }),
    );
    return new OtelRecordedSpan(span);
  }

  /** Sends what is buffered, for at most `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    const abort = new AbortController();
    const late = new SystemClock().sleep(withinMs, abort.signal).catch(() => undefined);
    await Promise.race([this.provider.shutdown().catch(() => undefined), late]);
    abort.abort();
  }
}

function otelContext(context: TraceContext) {
  return { traceId: context.traceId, spanId: context.spanId, traceFlags: TraceFlags.SAMPLED };
}

class OtelRecordedSpan implements RecordedSpan {
  readonly context: TraceContext;

  constructor(private readonly span: OtelSpan) {
    const { traceId, spanId } = span.spanContext();
    this.context = { traceId, spanId, sampled: true };
  }

  set(name: string, value: string | number | boolean): void {
    this.span.setAttribute(name, value);
  }

  fail(error: unknown): void {
    if (error instanceof AppError) this.span.setAttribute('rackwright.error_code', error.code);
    this.span.recordException(error instanceof Error ? error : String(error));
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
  }

  end(): void {
    this.span.end();
  }
}
