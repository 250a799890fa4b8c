import { currentTrace, type TraceContext } from './scope.js';

/** Headers that can be written: `MsgHdrs` of NATS, `Headers` of fetch, or {@link recordCarrier}. */
export interface HeaderWriter {
  set(name: string, value: string): void;
}

/** Headers that can be read. An absent header is '', null or undefined, as the libraries have it. */
export interface HeaderReader {
  get(name: string): string | null | undefined;
}

const TRACEPARENT = 'traceparent';

/** Writes the trace the caller is in (or the given one) into `headers`; nothing when there is none. */
export function injectTrace(headers: HeaderWriter, trace: TraceContext | undefined = currentTrace()): void {
  if (trace !== undefined) headers.set(TRACEPARENT, formatTraceparent(trace));
}

/** The trace in `headers`; undefined when there is none or it is malformed (then a new one starts, as W3C asks). */
export function extractTrace(headers: HeaderReader | undefined): TraceContext | undefined {
  const value = headers?.get(TRACEPARENT);
  return value ? parseTraceparent(value) : undefined;
}

/** `00-<trace>-<span>-<flags>`, for a header or a database row. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/** Reads a `traceparent` of any version (section 3.2.4: later versions may append fields); undefined when malformed. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '00', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** A plain object as headers; names are compared without case, as HTTP does. */
export function recordCarrier(record: Record<string, string | string[] | undefined>): HeaderReader & HeaderWriter {
  return {
    get: (name) => {
      const key = Object.keys(record).find((each) => each.toLowerCase() === name);
      const value = key === undefined ? undefined : record[key];
      return Array.isArray(value) ? value[0] : value;
    },
    set: (name, value) => void (record[name] = value),
  };
}
