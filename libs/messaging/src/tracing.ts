import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Link,
  type SpanContext,
} from '@opentelemetry/api';
import { messageOf } from '@rackwright/kernel';

const TRACER = 'rackwright.messaging';
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The W3C `traceparent` of the span we are in; undefined outside of any, which costs nothing further down the line. */
export function currentTraceparent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Runs `work` in a consumer span that continues the sender's trace. Without a trace, or with one that is not sampled, no
 * span is made: the context alone is carried on.
 */
export async function inTrace<T>(traceparent: string | undefined, name: string, work: () => Promise<T>): Promise<T> {
  const parent = traceparent === undefined ? undefined : readTraceparent(traceparent);
  if (parent === undefined) return work();
  const ours = trace.setSpanContext(ROOT_CONTEXT, parent);
  if ((parent.traceFlags & TraceFlags.SAMPLED) === 0) return context.with(ours, work);
  return trace
    .getTracer(TRACER)
    .startActiveSpan(
      name,
      { kind: SpanKind.CONSUMER, attributes: { 'messaging.system': 'nats', 'messaging.destination.name': name } },
      ours,
      async (span) => {
        try {
          return await work();
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
          throw error;
        } finally {
          span.end();
        }
      },
    );
}

/** Work done for many messages at once: a span has one parent, so the batch span links to the trace of each. */
export async function inBatchTrace<T>(
  traceparents: readonly (string | undefined)[],
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const links: Link[] = [];
  for (const traceparent of traceparents) {
    const parent = traceparent === undefined ? undefined : readTraceparent(traceparent);
    if (parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) !== 0) links.push({ context: parent });
  }
  if (links.length === 0) return work();
  return trace.getTracer(TRACER).startActiveSpan(name, { kind: SpanKind.CONSUMER, links }, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

function readTraceparent(text: string): SpanContext | undefined {
  const match = TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const parent = {
    traceId: match[1] ?? '',
    spanId: match[2] ?? '',
    traceFlags: Number.parseInt(match[3] ?? '0', 16),
    isRemote: true,
  };
  return isSpanContextValid(parent) ? parent : undefined;
}
