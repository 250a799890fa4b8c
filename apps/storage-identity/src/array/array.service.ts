import { Injectable } from '@nestjs/common';
import {
  done,
  refused,
  type InputOf,
  type OutcomeOf,
  type ResultOf,
  type storageIdentity as storage,
} from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import type { ArrayTarget, ArrayVolume } from '@rackwright/driver-core';
import type { Tx } from '@rackwright/persistence';

/** Kind under which arrays are registered, and the prefix of their lanes. */
export const ARRAY = 'array';

/** What is kept of an array's last reading. */
export interface ArrayDetails {
  readonly targets: readonly ArrayTarget[];
  readonly volumes: readonly ArrayVolume[];
  readonly hosts: number;
}

/** Arrays: enrolled, listed with what was read last. */
@Injectable()
export class ArrayService {
  constructor(private readonly devices: DeviceStore) {}

  async put(tx: Tx, input: InputOf<typeof storage.putArray>): Promise<OutcomeOf<typeof storage.putArray>> {
    const { name, driver, address, site, trust, credential, options } = input;
    const put = await this.devices.put(tx, {
      kind: ARRAY,
      name,
      driver,
      address,
      site,
      trust,
      sealedCredential: credential,
      options,
    });
    return put === 'address-taken'
      ? refused('address-taken', `another array has the address ${address}`)
      : done({ changed: put !== 'unchanged' });
  }

  async list(): Promise<ResultOf<typeof storage.listArrays>> {
    const devices = await this.devices.list(ARRAY);
    return {
      items: devices.map((device) => {
        const details = device.reading as ArrayDetails | null;
        return {
          name: device.name,
          driver: device.driver,
          address: device.address,
          ...(device.read_at !== null && { readAt: device.read_at.toISOString() }),
          ...(details && { volumes: details.volumes.length, hosts: details.hosts }),
          ...(device.problem !== null && { problem: device.problem }),
        };
      }),
    };
  }
}
