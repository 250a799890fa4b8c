import { Injectable } from '@nestjs/common';
import { DeviceStore } from '@rackwright/device-registry';
import { ARRAY, type ArrayDetails } from './array/array.service.js';
import { FABRIC, type FabricDetails } from './fabric/fabric.service.js';
import type { StorageReadings } from './initiator/boot-target.policy.js';

/** What arrays and fabrics showed when they were read last. */
@Injectable()
export class StorageReadingsService {
  constructor(private readonly devices: DeviceStore) {}

  async last(): Promise<StorageReadings> {
    const arrays = await this.devices.list(ARRAY);
    const fabrics = await this.devices.list(FABRIC);
    return {
      targets: new Map(arrays.map(({ name, reading }) => [name, (reading as ArrayDetails | null)?.targets ?? []])),
      logins: new Map(fabrics.map(({ name, reading }) => [name, (reading as FabricDetails | null)?.logins ?? []])),
    };
  }
}
