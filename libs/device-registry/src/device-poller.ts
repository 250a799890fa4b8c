import { type Clock, messageOf, type Timer } from '@rackwright/kernel';
import pLimit from 'p-limit';
import type { DeviceStore } from './device.store.js';

export interface DevicePollerOptions {
  readonly store: DeviceStore;
  readonly kind: string;
  readonly clock: Clock;
  readonly everyMs: number;
  /** Devices read at once, default 16. */
  readonly atOnce?: number;
  /** Reads one device; its result is stored as the reading. Throws what is stored as the problem. */
  readonly read: (name: string) => Promise<unknown>;
  readonly onRead?: (name: string, reading: unknown) => Promise<void>;
}

/** Reads every device of a kind again and again, gently, and keeps what was read with its age. */
export class DevicePoller {
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private stopped = true;

  constructor(private readonly options: DevicePollerOptions) {}

  start(): void {
    this.stopped = false;
    this.schedule(Math.min(1_000, this.options.everyMs));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  /** Reads one device now; says why it could not be read, or undefined. */
  async readNow(name: string): Promise<string | undefined> {
    const { store, kind, read, onRead } = this.options;
    try {
      const reading = await read(name);
      await store.recordReading(kind, name, { reading });
      await onRead?.(name, reading);
      return undefined;
    } catch (error) {
      await store.recordReading(kind, name, { problem: messageOf(error) }).catch(() => undefined);
      return messageOf(error);
    }
  }

  private schedule(afterMs: number): void {
    if (this.stopped) return;
    this.timer = this.options.clock.setTimer(afterMs, () => {
      this.running = this.round().finally(() => this.schedule(this.options.everyMs));
    });
  }

  private async round(): Promise<void> {
    const limit = pLimit(this.options.atOnce ?? 16);
    const devices = await this.options.store.list(this.options.kind).catch(() => []);
    await Promise.all(
      devices.map(({ name }) => limit(() => (this.stopped ? Promise.resolve(undefined) : this.readNow(name)))),
    );
  }
}
