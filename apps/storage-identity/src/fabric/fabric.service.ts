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
import type { FabricLogin, FabricReading } from '@rackwright/driver-core';
import type { Tx } from '@rackwright/persistence';

/** Kind under which fabrics are registered, and the prefix of their lanes. */
export const FABRIC = 'fabric';

/** What is kept of a fabric's last reading. */
export interface FabricDetails {
  readonly fabric: FabricReading;
  readonly logins: readonly FabricLogin[];
}

/** Fabrics: enrolled, listed with what was read last. */
@Injectable()
export class FabricService {
  constructor(private readonly devices: DeviceStore) {}

  async put(tx: Tx, input: InputOf<typeof storage.putFabric>): Promise<OutcomeOf<typeof storage.putFabric>> {
    const { name, driver, address, site, trust, credential } = input;
    const put = await this.devices.put(tx, {
      kind: FABRIC,
      name,
      driver,
      address,
      site,
      trust,
      sealedCredential: credential,
    });
    return put === 'address-taken'
      ? refused('address-taken', `another fabric has the address ${address}`)
      : done({ changed: put !== 'unchanged' });
  }

  async list(): Promise<ResultOf<typeof storage.listFabrics>> {
    const devices = await this.devices.list(FABRIC);
    return {
      items: devices.map((device) => {
        const details = device.reading as FabricDetails | null;
        return {
          name: device.name,
          driver: device.driver,
          address: device.address,
          ...(device.read_at !== null && { readAt: device.read_at.toISOString() }),
          ...(details?.fabric.configuration !== undefined && { configuration: details.fabric.configuration }),
          ...(details && { zones: details.fabric.enabledZones.length, logins: details.logins.length }),
          ...(device.problem !== null && { problem: device.problem }),
        };
      }),
    };
  }
}
