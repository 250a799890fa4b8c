import { AsyncLocalStorage } from 'node:async_hooks';
import {
  context,
  createContextKey,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace as otelTrace,
  TraceFlags,
  type Context,
  type ContextManager,
} from '@opentelemetry/api';

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

/**
 * Carries the OpenTelemetry context over awaits. The API package alone has no such manager and would lose the context;
 * the SDK has one, but the context must travel without the SDK too.
 */
class AsyncContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.storage.run(active, () => work.call(thisArg, ...args));
  }

  bind<T>(bound: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const work = target as unknown as (...args: unknown[]) => unknown;
    return ((...args: unknown[]) => this.storage.run(bound, () => work(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }
}

// Refused, without harm, when an SDK in this process registered its own manager before.
context.setGlobalContextManager(new AsyncContextManager());

const FIELDS = createContextKey('rackwright log fields');
const NO_FIELDS: LogFields = {};

/** The trace the caller is in, if any. */
export function currentTrace(): TraceContext | undefined {
  const span = otelTrace.getSpanContext(context.active());
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return { traceId: span.traceId, spanId: span.spanId, sampled: (span.traceFlags & TraceFlags.SAMPLED) !== 0 };
}

/** The fields bound around the caller. */
export function currentFields(): LogFields {
  return (context.active().getValue(FIELDS) as LogFields | undefined) ?? NO_FIELDS;
}

/** Runs `work` with `fields` on every log line written inside, also after awaits. Adds to what is bound already. */
export function withFields<T>(fields: LogFields, work: () => T): T {
  return context.with(context.active().setValue(FIELDS, { ...currentFields(), ...fields }), work);
}

/** Runs `work` inside `trace`, as received from a message or a stored row. Fields stay as they are. */
export function withTrace<T>(trace: TraceContext | undefined, work: () => T): T {
  if (trace === undefined) return work();
  return context.with(otelTrace.setSpanContext(context.active(), toOtel(trace)), work);
}

/** Runs `work` outside of every trace and without fields: for timers and pumps started from inside a request. */
export function withoutScope<T>(work: () => T): T {
  return context.with(ROOT_CONTEXT, work);
}

/** The same as OpenTelemetry has it. */
export function toOtel(trace: TraceContext) {
  const traceFlags = trace.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId: trace.traceId, spanId: trace.spanId, traceFlags, isRemote: true };
}
