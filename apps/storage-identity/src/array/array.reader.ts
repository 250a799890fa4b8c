import { Injectable } from '@nestjs/common';
import { DeviceStore, DriverPool } from '@rackwright/device-registry';
import {
  OPEN_GATE,
  type ArrayTarget,
  type DeviceCall,
  type DeviceConnection,
  type LunMaskingPort,
} from '@rackwright/driver-core';
import { AppError, type Clock } from '@rackwright/kernel';
import { ARRAY, type ArrayDetails } from './array.service.js';

export type ArrayDriver = LunMaskingPort & DeviceConnection;

const READ_TIMEOUT_MS = 20_000;

/** Reads arrays: targets, volumes and hosts. Changes nothing on them. */
@Injectable()
export class ArrayReader {
  constructor(
    private readonly store: DeviceStore,
    private readonly drivers: DriverPool<ArrayDriver>,
    private readonly clock: Clock,
  ) {}

  readCall(): DeviceCall {
    return { clock: this.clock, gate: OPEN_GATE, deadline: new Date(this.clock.now().getTime() + READ_TIMEOUT_MS) };
  }

  /** Throws `storage.array-unreadable`. */
  async details(name: string): Promise<ArrayDetails> {
    const driver = await this.drivers.get(name);
    const targets = await driver.targets(this.readCall());
    const volumes = await driver.volumes(this.readCall());
    const hosts = await driver.hosts(this.readCall());
    for (const result of [targets, volumes, hosts])
      if (result.kind !== 'done') throw new AppError('storage.array-unreadable', `array ${name}: ${result.message}`);
    if (targets.kind !== 'done' || volumes.kind !== 'done' || hosts.kind !== 'done')
      throw new AppError('storage.array-unreadable', name);
    return { targets: targets.observed.value, volumes: volumes.observed.value, hosts: hosts.observed.value.length };
  }

  /** Targets of these arrays, read now. Throws `storage.array-unreadable`. */
  async targets(arrays: readonly string[]): Promise<Map<string, readonly ArrayTarget[]>> {
    const found = new Map<string, readonly ArrayTarget[]>();
    for (const array of arrays) {
      if (!(await this.store.get(ARRAY, array)))
        throw new AppError('storage.unknown-array', `there is no array ${array}`);
      const result = await (await this.drivers.get(array)).targets(this.readCall());
      if (result.kind !== 'done') throw new AppError('storage.array-unreadable', `array ${array}: ${result.message}`);
      found.set(array, result.observed.value);
    }
    return found;
  }
}
