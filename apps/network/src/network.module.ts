import { Module, type DynamicModule } from '@nestjs/common';
import {
  DEVICE_POLLERS,
  DeviceHostModule,
  DeviceWorkRunner,
  deviceWorkProvider,
  type DeviceHostConfig,
} from '@rackwright/device-host';
import { DevicePoller, DeviceStore, DriverPool, type DeviceToReach } from '@rackwright/device-registry';
import { OPEN_GATE } from '@rackwright/driver-core';
import { createOvsdbDriver } from '@rackwright/driver-ovsdb';
import { IdentityStore } from '@rackwright/identity-pool';
import { AppError } from '@rackwright/kernel';
import type { HostParts } from '@rackwright/service-host';
import { NetworkHandlers, NetworkQueryHandlers, SwitchWorkHandlers } from './network.handlers.js';
import { NetworkService } from './network/network.service.js';
import { SwitchPortWork, type SwitchDriver } from './switch/switch-port.work.js';
import { SWITCH, SwitchService } from './switch/switch.service.js';
import { VnicService } from './vnic/vnic.service.js';

const READ_TIMEOUT_MS = 15_000;

/** Token of the connections to switches. */
const SWITCH_DRIVERS = Symbol('network.switch-drivers');

function makeDriver({ driver, endpoint }: DeviceToReach, name: string): SwitchDriver {
  if (driver === 'ovsdb') return createOvsdbDriver(endpoint);
  throw new AppError(
    'network.unknown-driver',
    `switch ${name} asks for driver ${driver}, which this service does not have`,
  );
}

function pollerOf(
  store: DeviceStore,
  drivers: DriverPool<SwitchDriver>,
  { clock }: HostParts,
  everyMs: number,
): DevicePoller {
  const read = async (name: string): Promise<unknown> => {
    const driver = await drivers.get(name);
    const result = await driver.listPorts({
      clock,
      gate: OPEN_GATE,
      deadline: new Date(clock.now().getTime() + READ_TIMEOUT_MS),
    });
    if (result.kind === 'done') return result.observed.value;
    throw new AppError('network.switch-unreadable', result.message);
  };
  return new DevicePoller({ store, kind: SWITCH, clock, everyMs, read });
}

@Module({})
export class NetworkModule {
  static for(parts: HostParts, config: DeviceHostConfig): DynamicModule {
    return {
      module: NetworkModule,
      imports: [DeviceHostModule.for('network', config.masterKeyFile, parts)],
      controllers: [NetworkHandlers, SwitchWorkHandlers, NetworkQueryHandlers],
      providers: [
        NetworkService,
        VnicService,
        SwitchService,
        { provide: IdentityStore, useValue: new IdentityStore(config.identityRestMs) },
        {
          provide: SWITCH_DRIVERS,
          inject: [DeviceStore],
          useFactory: (store: DeviceStore) => new DriverPool(store, SWITCH, makeDriver),
        },
        {
          provide: SwitchPortWork,
          inject: [DeviceStore, SWITCH_DRIVERS],
          useFactory: (store: DeviceStore, drivers: DriverPool<SwitchDriver>) => new SwitchPortWork(store, drivers),
        },
        deviceWorkProvider([SwitchPortWork], parts),
        {
          provide: DEVICE_POLLERS,
          inject: [DeviceStore, SWITCH_DRIVERS],
          useFactory: (store: DeviceStore, drivers: DriverPool<SwitchDriver>) => [
            pollerOf(store, drivers, parts, config.pollEveryMs),
          ],
        },
        DeviceWorkRunner,
      ],
    };
  }
}
