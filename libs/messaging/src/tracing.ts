import {
  currentTrace,
  formatTraceparent,
  isRecording,
  parseTraceparent,
  withSpan,
  withTrace,
} from '@rackwright/observability';

/** The W3C `traceparent` the caller is in; undefined outside of any, which costs nothing further down the line. */
export function currentTraceparent(): string | undefined {
  const trace = currentTrace();
  return trace === undefined ? undefined : formatTraceparent(trace);
}

/**
 * Runs `work` in the sender's trace, in a consumer span of its own when that trace is sampled and somebody records.
 * Without a trace it is a plain call.
 */
export function inTrace<T>(traceparent: string | undefined, name: string, work: () => Promise<T>): Promise<T> {
  const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (parent === undefined) return work();
  if (!parent.sampled || !isRecording()) return withTrace(parent, work);
  return withSpan(`process ${name}`, { kind: 'consumer', parent, attributes: { 'messaging.system': 'nats' } }, () =>
    work(),
  );
}

/** Work done for many messages at once: a span has one parent, so the batch span links to the trace of each. */
export function inBatchTrace<T>(
  traceparents: readonly (string | undefined)[],
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (traceparents.length === 1) return inTrace(traceparents[0], name, work);
  if (!isRecording()) return work();
  const links = traceparents.map((text) => (text === undefined ? undefined : parseTraceparent(text)));
  const attributes = { 'messaging.system': 'nats', 'messaging.batch.message_count': traceparents.length };
  return withSpan(`process ${name}`, { kind: 'consumer', parent: null, links, attributes }, () => work());
}
