import { AsyncLocalStorage } from 'node:async_hooks';

/** Where we are in a trace: W3C Trace Context Level 1, section 3.2. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Somebody records this trace. */
  readonly sampled: boolean;
}

/** Fields that every log line written inside carries. Small, plain values; never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

interface Scope {
  readonly trace: TraceContext | undefined;
  readonly fields: LogFields;
}

const storage = new AsyncLocalStorage<Scope>();
const NO_FIELDS: LogFields = {};

/** The trace the caller is in, if any. */
export function currentTrace(): TraceContext | undefined {
  return storage.getStore()?.trace;
}

/** The fields bound around the caller. */
export function currentFields(): LogFields {
  return storage.getStore()?.fields ?? NO_FIELDS;
}

/** Runs `work` with `fields` on every log line written inside, also after awaits. Adds to what is bound already. */
export function withFields<T>(fields: LogFields, work: () => T): T {
  const outer = storage.getStore();
  return storage.run({ trace: outer?.trace, fields: { ...outer?.fields, ...fields } }, work);
}

/** Runs `work` inside `trace`, as received from a message or a stored row. Fields stay as they are. */
export function withTrace<T>(trace: TraceContext | undefined, work: () => T): T {
  if (trace === undefined) return work();
  return storage.run({ trace, fields: currentFields() }, work);
}

/** Runs `work` outside of every trace and without fields: for timers and pumps started from inside a request. */
export function withoutScope<T>(work: () => T): T {
  return storage.exit(work);
}
