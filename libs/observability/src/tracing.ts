import { currentFields, currentTrace, withFields, withTrace, type TraceContext } from './scope.js';
import { TraceIds } from './trace-ids.js';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  readonly kind?: SpanKind;
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

/** A span as an exporter made it. */
export interface RecordedSpan extends Span {
  end(): void;
}

/** Where spans go when an exporter is configured; see {@link startExport}. */
export interface SpanRecorder {
  start(name: string, parent: TraceContext | undefined, options: SpanOptions): RecordedSpan;
}

const ids = new TraceIds();
let recorder: SpanRecorder | undefined;

/** Sets where spans go; undefined switches recording off. Returns what was set before. */
export function setSpanRecorder(next: SpanRecorder | undefined): SpanRecorder | undefined {
  const before = recorder;
  recorder = next;
  return before;
}

/** True while spans are recorded; lets a hot path skip building attributes. */
export function isRecording(): boolean {
  return recorder !== undefined;
}

/** A new trace that nobody records yet. */
export function newTrace(): TraceContext {
  return { traceId: ids.newTraceId(), spanId: ids.newSpanId(), sampled: recorder !== undefined };
}

/**
 * The trace of a saga or run: its trace id *is* the UUID in its id, so that any replica of any service finds it again,
 * after a crash too, with nothing stored. Ids that are no UUID get a trace of their own.
 */
export function traceOfSaga(sagaId: string): TraceContext {
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(sagaId)?.[0].replaceAll('-', '');
  if (uuid === undefined || /^0+$/.test(uuid)) return newTrace();
  return { traceId: uuid, spanId: ids.newSpanId(), sampled: recorder !== undefined };
}

/** Runs `work` in the trace of a saga, with `sagaId` (and more, such as the step) on every log line. */
export function inSaga<T>(sagaId: string, fields: SpanAttributes, work: () => T): T {
  const trace = currentTrace();
  const wanted = traceOfSaga(sagaId);
  const inside = (): T => withFields({ sagaId, ...fields }, work);
  return trace?.traceId === wanted.traceId ? inside() : withTrace(wanted, inside);
}

/**
 * Runs `work` in a span; a promise ends the span when it settles. Without a recorder only the context is kept: the
 * caller's trace goes on unchanged, or a new one starts where there was none.
 */
export function withSpan<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  const parent = options.parent === undefined ? currentTrace() : (options.parent ?? undefined);
  if (recorder === undefined) {
    const trace = parent ?? newTrace();
    const run = (): T => work(new SilentSpan(trace));
    return trace === currentTrace() ? run() : withTrace(trace, run);
  }
  const span = recorder.start(name, parent, options);
  const sagaId = currentFields()['sagaId'];
  if (sagaId !== undefined) span.set('rackwright.saga_id', sagaId);
  return withTrace(span.context, () => runRecorded(span, work));
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
