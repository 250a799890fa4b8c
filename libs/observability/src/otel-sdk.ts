import { trace } from '@opentelemetry/api';
import { SystemClock } from '@rackwright/kernel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Starts the OpenTelemetry SDK for traces. The only file that imports it, itself imported only when it is wanted. */
export function startSdk(
  service: { readonly name: string; readonly version: string },
  url: string,
): BasicTracerProvider {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'rackwright',
      'service.name': service.name,
      'service.version': service.version,
    }),
    // Whatever the sender did: a trace that began before the collector was configured is still worth seeing.
    sampler: new AlwaysOnSampler(),
    // A collector that is away costs dropped spans, never memory: the queue is bounded.
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }), { maxQueueSize: 4_096 })],
  });
  trace.setGlobalTracerProvider(provider);
  return provider;
}

/** Sends what is buffered, for at most `withinMs`. */
export async function stopSdk(provider: BasicTracerProvider, withinMs: number): Promise<void> {
  const abort = new AbortController();
  const late = new SystemClock().sleep(withinMs, abort.signal).catch(() => undefined);
  await Promise.race([provider.shutdown().catch(() => undefined), late]);
  abort.abort();
  trace.disable();
}
