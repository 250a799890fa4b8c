export type Labels = Readonly<Record<string, string>>;

/** Series of one metric at most. Beyond it values are gathered under `overflow="true"`, so that ids cannot eat the memory. */
const SERIES_MAX = 1_000;

/** Seconds; from a message in one process to a server that boots. */
export const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
] as const;

/** A metric and its series, one per combination of labels. */
export abstract class Metric<Value> {
  protected readonly series = new Map<string, Value>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  abstract readonly type: 'counter' | 'gauge' | 'histogram';
  abstract render(): string[];

  /** Forgets one series (a device that was removed). */
  remove(labels: Labels): void {
    this.series.delete(this.keyOf(labels));
  }

  protected at(labels: Labels, initial: () => Value): { value: Value; key: string } {
    let key = this.keyOf(labels);
    let value = this.series.get(key);
    if (value === undefined) {
      if (this.series.size >= SERIES_MAX) key = 'overflow="true"';
      value = this.series.get(key) ?? initial();
      this.series.set(key, value);
    }
    return { value, key };
  }

  private keyOf(labels: Labels): string {
    return Object.keys(labels)
      .sort()
      .map((name) => `${name}="${escapeLabel(labels[name] ?? '')}"`)
      .join(',');
  }
}

/** Only goes up. */
export class Counter extends Metric<number> {
  readonly type = 'counter';

  add(amount = 1, labels: Labels = {}): void {
    const { value, key } = this.at(labels, () => 0);
    this.series.set(key, value + amount);
  }

  /** The current value, for tests and status pages. */
  value(labels: Labels = {}): number {
    return this.at(labels, () => 0).value;
  }

  render(): string[] {
    return [...this.series].map(([key, value]) => line(this.name, key, value));
  }
}

/** A value that is set, or read when somebody asks for the metrics. */
export class Gauge extends Metric<number> {
  readonly type = 'gauge';
  private readonly readers = new Set<() => void>();

  set(value: number, labels: Labels = {}): void {
    this.series.set(this.at(labels, () => 0).key, value);
  }

  /** Moves it up or down by `amount`. */
  add(amount: number, labels: Labels = {}): void {
    const { value, key } = this.at(labels, () => 0);
    this.series.set(key, value + amount);
  }

  /** Calls `read` at every scrape and sets what it returns. Returns how to stop. */
  observe(read: () => number, labels: Labels = {}): () => void {
    const reader = (): void => this.set(read(), labels);
    this.readers.add(reader);
    return () => {
      this.readers.delete(reader);
      this.remove(labels);
    };
  }

  /** Calls `read` at every scrape; it sets whatever series it knows. Returns how to stop. */
  onScrape(read: () => void): () => void {
    this.readers.add(read);
    return () => this.readers.delete(read);
  }

  value(labels: Labels = {}): number {
    return this.at(labels, () => 0).value;
  }

  render(): string[] {
    for (const reader of this.readers) reader();
    return [...this.series].map(([key, value]) => line(this.name, key, value));
  }
}

interface Distribution {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** How values are spread over fixed buckets. */
export class Histogram extends Metric<Distribution> {
  readonly type = 'histogram';

  constructor(
    name: string,
    help: string,
    private readonly buckets: readonly number[] = DURATION_BUCKETS,
  ) {
    super(name, help);
  }

  record(value: number, labels: Labels = {}): void {
    const { value: spread } = this.at(labels, () => ({ counts: this.buckets.map(() => 0), sum: 0, count: 0 }));
    const index = this.buckets.findIndex((bound) => value <= bound);
    if (index >= 0) spread.counts[index] = (spread.counts[index] ?? 0) + 1;
    spread.sum += value;
    spread.count += 1;
  }

  /** How many values were recorded. */
  count(labels: Labels = {}): number {
    return this.at(labels, () => ({ counts: this.buckets.map(() => 0), sum: 0, count: 0 })).value.count;
  }

  render(): string[] {
    return [...this.series].flatMap(([key, spread]) => {
      let total = 0;
      const bounded = this.buckets.map((bound, index) => {
        total += spread.counts[index] ?? 0;
        return line(`${this.name}_bucket`, join(key, `le="${bound}"`), total);
      });
      return [
        ...bounded,
        line(`${this.name}_bucket`, join(key, 'le="+Inf"'), spread.count),
        line(`${this.name}_sum`, key, spread.sum),
        line(`${this.name}_count`, key, spread.count),
      ];
    });
  }
}

function line(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`;
}

function join(labels: string, more: string): string {
  return labels === '' ? more : `${labels},${more}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
