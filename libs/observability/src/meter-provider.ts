import {
  metrics as otelMetrics,
  type Attributes,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  type Observable,
  type ObservableCallback,
} from '@opentelemetry/api';
import type { Labels } from './instruments.js';
import { metrics, type MetricsRegistry } from './metrics.js';

const PREFIX = 'rackwright_';

/**
 * Makes what is counted through the OpenTelemetry API appear in `registry`, and so on `/metrics`, without the metrics
 * SDK. Call it once at the start of a process, before meters are asked for. False when an SDK is registered already.
 */
export function showOtelMetrics(registry: MetricsRegistry = metrics): boolean {
  const provider: MeterProvider = { getMeter: () => registryMeter(registry) };
  return otelMetrics.setGlobalMeterProvider(provider);
}

function registryMeter(registry: MetricsRegistry): Meter {
  const gaugeOf = (name: string, options?: MetricOptions) => registry.gauge(named(name, options));
  const observable = (name: string, options?: MetricOptions): Observable => {
    const gauge = gaugeOf(name, options);
    const stops = new Map<ObservableCallback, () => void>();
    const result = { observe: (value: number, attributes?: Attributes) => gauge.set(value, labelsOf(attributes)) };
    return {
      addCallback: (callback) =>
        void stops.set(
          callback,
          gauge.onScrape(() => void callback(result)),
        ),
      removeCallback: (callback) => stops.get(callback)?.(),
    };
  };
  return {
    // Batch callbacks are not carried over: nothing of ours uses them.
    addBatchObservableCallback: () => undefined,
    removeBatchObservableCallback: () => undefined,
    createCounter: (name, options) => {
      const counter = registry.counter(named(name, options));
      return { add: (value, attributes) => counter.add(value, labelsOf(attributes)) };
    },
    createUpDownCounter: (name, options) => {
      const gauge = gaugeOf(name, options);
      return { add: (value, attributes) => gauge.add(value, labelsOf(attributes)) };
    },
    createGauge: (name, options) => {
      const gauge = gaugeOf(name, options);
      return { record: (value, attributes) => gauge.set(value, labelsOf(attributes)) };
    },
    createHistogram: (name, options) => {
      const buckets = options?.advice?.explicitBucketBoundaries;
      const histogram = registry.histogram({ ...named(name, options), ...(buckets === undefined ? {} : { buckets }) });
      return { record: (value, attributes) => histogram.record(value, labelsOf(attributes)) };
    },
    createObservableGauge: observable,
    createObservableCounter: observable,
    createObservableUpDownCounter: observable,
  };
}

function named(name: string, options?: MetricOptions): { name: string; help: string } {
  const normal = name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
  return { name: normal.startsWith(PREFIX) ? normal.slice(PREFIX.length) : normal, help: options?.description ?? name };
}

function labelsOf(attributes: Attributes | undefined): Labels {
  return Object.fromEntries(Object.entries(attributes ?? {}).map(([name, value]) => [name, String(value)]));
}
