import {
  context,
  SpanKind,
  SpanStatusCode,
  trace as otelTrace,
  TraceFlags,
  type Span as OtelSpan,
} from '@opentelemetry/api';
import { AppError, messageOf } from '@rackwright/kernel';
import { currentFields, currentTrace, toOtel, withFields, withTrace, type TraceContext } from './scope.js';
import { TraceIds } from './trace-ids.js';

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  readonly kind?: keyof typeof KINDS;
  readonly attributes?: SpanAttributes;
  /** Default: the trace the caller is in. `null` starts a trace of its own. */
  readonly parent?: TraceContext | null | undefined;
  /** Other traces this work is done for: a batch links to the trace of every message in it. */
  readonly links?: readonly (TraceContext | undefined)[];
}

/** The span around the work being run. Everything on it costs nothing while nobody records. */
export interface Span {
  readonly context: TraceContext;
  set(name: string, value: string | number | boolean): void;
  /** An expected refusal or an unexpected error that the work handled itself. Thrown errors are recorded anyway. */
  fail(error: unknown): void;
}

const ids = new TraceIds();
let recording = false;

/** Says whether an exporter is there to record spans; {@link startExport} does. */
export function setRecording(on: boolean): void {
  recording = on;
}

/** True while spans are recorded; lets a hot path skip building attributes. */
export function isRecording(): boolean {
  return recording;
}

/** A new trace, not in any other. */
export function newTrace(): TraceContext {
  return { traceId: ids.newTraceId(), spanId: ids.newSpanId(), sampled: recording };
}

/**
 * The trace of a saga or run: its trace id *is* the UUID in its id, so that any replica of any service finds it again,
 * after a crash too, with nothing stored. Ids that are no UUID get a trace of their own.
 */
export function traceOfSaga(sagaId: string): TraceContext {
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(sagaId)?.[0].replaceAll('-', '');
  if (uuid === undefined || /^0+$/.test(uuid)) return newTrace();
  return { traceId: uuid, spanId: ids.newSpanId(), sampled: recording };
}

/** Runs `work` in the trace of a saga, with `sagaId` (and more, such as the step) on every log line. */
export function inSaga<T>(sagaId: string, fields: SpanAttributes, work: () => T): T {
  const wanted = traceOfSaga(sagaId);
  const inside = (): T => withFields({ sagaId, ...fields }, work);
  return currentTrace()?.traceId === wanted.traceId ? inside() : withTrace(wanted, inside);
}

/**
 * Runs `work` in a span; a promise ends the span when it settles. While nobody records only the context is kept: the
 * caller's trace goes on unchanged, or a new one starts where there was none.
 */
export function withSpan<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  if (!recording) return withContextOnly(options, work);
  const parent = options.parent === undefined ? currentTrace() : (options.parent ?? undefined);
  const active = parent === undefined ? otelTrace.deleteSpan(context.active()) : parentContext(parent);
  const span = otelTrace.getTracer('rackwright').startSpan(name, otelOptions(options), active);
  return context.with(otelTrace.setSpan(context.active(), span), () => runRecorded(new RecordedSpan(span), work));
}

function withContextOnly<T>(options: SpanOptions, work: (span: Span) => T): T {
  const current = currentTrace();
  if (options.parent === undefined && current !== undefined) return work(new SilentSpan(current));
  const trace = options.parent ?? newTrace();
  return withTrace(trace, () => work(new SilentSpan(trace)));
}

function parentContext(parent: TraceContext) {
  return otelTrace.setSpanContext(context.active(), toOtel(parent));
}

function otelOptions(options: SpanOptions) {
  const sagaId = currentFields()['sagaId'];
  return {
    kind: KINDS[options.kind ?? 'internal'],
    attributes: { ...options.attributes, ...(sagaId === undefined ? {} : { 'rackwright.saga_id': sagaId }) },
    links: (options.links ?? []).filter((link) => link !== undefined).map((link) => ({ context: toOtel(link) })),
  };
}

function runRecorded<T>(span: RecordedSpan, work: (span: Span) => T): T {
  let result: T;
  try {
    result = work(span);
  } catch (error) {
    span.fail(error);
    span.end();
    throw error;
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  return result
    .catch((error: unknown) => {
      span.fail(error);
      throw error;
    })
    .finally(() => span.end()) as T;
}

class SilentSpan implements Span {
  constructor(readonly context: TraceContext) {}
  set(): void {}
  fail(): void {}
}

class RecordedSpan implements Span {
  readonly context: TraceContext;

  constructor(private readonly span: OtelSpan) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.context = { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
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
