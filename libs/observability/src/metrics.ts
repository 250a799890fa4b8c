import { AppError } from '@rackwright/kernel';
import { Counter, Gauge, Histogram, type Metric } from './instruments.js';

interface MetricOptions {
  /** Without the prefix `rackwright_`; unit last, counters end in `_total`. */
  readonly name: string;
  readonly help: string;
}

/** All metrics of a process. Declaring a metric again returns the same one, so that every module can declare its own. */
export class MetricsRegistry {
  private readonly metrics = new Map<string, Metric<unknown>>();

  counter({ name, help }: MetricOptions): Counter {
    return this.declare(name, Counter, (fullName) => new Counter(fullName, help));
  }

  gauge({ name, help }: MetricOptions): Gauge {
    return this.declare(name, Gauge, (fullName) => new Gauge(fullName, help));
  }

  histogram({ name, help, buckets }: MetricOptions & { readonly buckets?: readonly number[] }): Histogram {
    return this.declare(name, Histogram, (fullName) => new Histogram(fullName, help, buckets));
  }

  /** Prometheus text exposition format 0.0.4. */
  render(): string {
    const blocks = [...this.metrics.values()].map((metric) =>
      [
        `# HELP ${metric.name} ${metric.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${metric.name} ${metric.type}`,
        ...metric.render(),
      ].join('\n'),
    );
    return `${blocks.join('\n')}\n`;
  }

  private declare<M extends Metric<unknown>>(
    name: string,
    kind: new (...args: never[]) => M,
    make: (fullName: string) => M,
  ): M {
    const fullName = `rackwright_${name}`;
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new AppError(
        'observability.invalid-metric',
        `"${name}" is no metric name (lower case, digits, underscores)`,
      );
    }
    const known = this.metrics.get(fullName) ?? make(fullName);
    if (!(known instanceof kind)) {
      throw new AppError('observability.metric-conflict', `metric "${fullName}" is declared twice and differently`);
    }
    this.metrics.set(fullName, known);
    return known;
  }
}

/** The registry of this process, which `/metrics` shows. */
export const metrics = new MetricsRegistry();
