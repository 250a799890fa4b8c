import { DevicePoller, type DeviceStore, type DriverPool } from '@rackwright/device-registry';
import { OPEN_GATE, type DeviceCall } from '@rackwright/driver-core';
import { AppError, type Clock } from '@rackwright/kernel';
import type { ArrayReader } from './array/array.reader.js';
import { ARRAY } from './array/array.service.js';
import type { FabricDriver } from './fabric/fabric.work.js';
import { FABRIC, type FabricDetails } from './fabric/fabric.service.js';

/** Token of the {@link StorageReader}. */
export const STORAGE_READER = Symbol('storage-identity.reader');

const READ_TIMEOUT_MS = 20_000;
/** A new device is tried again soon: its certificate is pinned at the first contact and its password sent at the second. */
const FIRST_TRIES = 5;
const FIRST_TRY_EVERY_MS = 500;

export interface StorageReaderParts {
  readonly store: DeviceStore;
  readonly fabrics: DriverPool<FabricDriver>;
  readonly arrays: ArrayReader;
  readonly clock: Clock;
  readonly everyMs: number;
}

/** Reads fabrics and arrays again and again, and at once when they are enrolled. */
export class StorageReader {
  readonly pollers: readonly DevicePoller[];
  private readonly fabricPoller: DevicePoller;
  private readonly arrayPoller: DevicePoller;

  constructor(private readonly parts: StorageReaderParts) {
    const { store, clock, everyMs } = parts;
    this.fabricPoller = new DevicePoller({
      store,
      kind: FABRIC,
      clock,
      everyMs,
      read: (name) => this.readFabric(name),
    });
    this.arrayPoller = new DevicePoller({
      store,
      kind: ARRAY,
      clock,
      everyMs,
      read: (name) => parts.arrays.details(name),
    });
    this.pollers = [this.fabricPoller, this.arrayPoller];
  }

  readFabricSoon(name: string): void {
    void this.firstTries(this.fabricPoller, name);
  }

  readArraySoon(name: string): void {
    void this.firstTries(this.arrayPoller, name);
  }

  private async firstTries(poller: DevicePoller, name: string): Promise<void> {
    for (let attempt = 0; attempt < FIRST_TRIES; attempt++) {
      const problem = await poller.readNow(name).catch(() => 'the database is away');
      if (problem === undefined) return;
      await this.parts.clock.sleep(FIRST_TRY_EVERY_MS);
    }
  }

  private async readFabric(name: string): Promise<FabricDetails> {
    const driver = await this.parts.fabrics.get(name);
    const call: DeviceCall = {
      clock: this.parts.clock,
      gate: OPEN_GATE,
      deadline: new Date(this.parts.clock.now().getTime() + READ_TIMEOUT_MS),
    };
    const fabric = await driver.readFabric(call);
    const logins = await driver.logins(call);
    if (fabric.kind !== 'done') throw new AppError('storage.fabric-unreadable', fabric.message);
    if (logins.kind !== 'done') throw new AppError('storage.fabric-unreadable', logins.message);
    return { fabric: fabric.observed.value, logins: logins.observed.value };
  }
}
