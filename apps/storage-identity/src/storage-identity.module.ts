import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import {
  DEVICE_POLLERS,
  DeviceHostModule,
  DeviceWorkRunner,
  deviceWorkProvider,
  type DeviceHostConfig,
} from '@rackwright/device-host';
import { DeviceStore, DriverPool, type DeviceToReach } from '@rackwright/device-registry';
import { createBrocadeFosDriver } from '@rackwright/driver-brocade-fos';
import { createPowerStoreDriver } from '@rackwright/driver-dell-powerstore';
import { createTgtDriver } from '@rackwright/driver-tgt';
import { IdentityStore } from '@rackwright/identity-pool';
import { AppError } from '@rackwright/kernel';
import { EventBus } from '@rackwright/messaging';
import type { HostParts } from '@rackwright/service-host';
import { AccessService } from './access/access.service.js';
import { ArrayReader, type ArrayDriver } from './array/array.reader.js';
import { ARRAY, ArrayService } from './array/array.service.js';
import { ArrayWork } from './array/array.work.js';
import { HostStore } from './array/host.store.js';
import { FABRIC, FabricService } from './fabric/fabric.service.js';
import { FabricWork, type FabricDriver } from './fabric/fabric.work.js';
import { ZoneStore } from './fabric/zone.store.js';
import { InitiatorRepository } from './initiator/initiator.repository.js';
import { InitiatorService } from './initiator/initiator.service.js';
import { StorageCheck } from './initiator/storage-check.js';
import { StorageDefinitionHandlers, StorageQueryHandlers, StorageWorkHandlers } from './storage-identity.handlers.js';
import { StorageReadingsService } from './storage-readings.service.js';
import { STORAGE_READER, StorageReader } from './storage-reader.js';
import { VolumeService } from './volume/volume.service.js';

const FABRIC_DRIVERS = Symbol('storage-identity.fabric-drivers');
const ARRAY_DRIVERS = Symbol('storage-identity.array-drivers');

/** Name of the zoning configuration Rackwright makes in a fabric that has none enabled. */
const CONFIGURATION = 'rackwright';

function fabricDriver({ endpoint }: DeviceToReach): FabricDriver {
  return createBrocadeFosDriver(endpoint, { createConfiguration: CONFIGURATION });
}

function arrayDriver({ driver, endpoint, options }: DeviceToReach, name: string): ArrayDriver {
  if (driver === 'dell-powerstore') return createPowerStoreDriver(endpoint);
  if (driver !== 'tgt')
    throw new AppError(
      'storage.unknown-driver',
      `array ${name} asks for driver ${driver}, which this service does not have`,
    );
  return createTgtDriver({
    portal: endpoint.address,
    ...(options['command'] !== undefined && { command: options['command'].split(' ') }),
    ...(options['controlPort'] !== undefined && { controlPort: Number(options['controlPort']) }),
    ...(options['ipcSocket'] !== undefined && { ipcSocket: options['ipcSocket'] }),
    ...(options['volumePrefix'] !== undefined && { volumePrefix: options['volumePrefix'] }),
    ...(options['hostPrefix'] !== undefined && { hostPrefix: options['hostPrefix'] }),
  });
}

/** What the fabric work is put together from, in the order of its `inject`. */
type FabricWorkNeeds = [DeviceStore, DriverPool<FabricDriver>, InitiatorRepository, ZoneStore, ArrayReader, EventBus];

function deviceProviders(parts: HostParts, config: DeviceHostConfig): Provider[] {
  return [
    {
      provide: FABRIC_DRIVERS,
      inject: [DeviceStore],
      useFactory: (store: DeviceStore) => new DriverPool(store, FABRIC, fabricDriver),
    },
    {
      provide: ARRAY_DRIVERS,
      inject: [DeviceStore],
      useFactory: (store: DeviceStore) => new DriverPool(store, ARRAY, arrayDriver),
    },
    {
      provide: ArrayReader,
      inject: [DeviceStore, ARRAY_DRIVERS],
      useFactory: (store: DeviceStore, drivers: DriverPool<ArrayDriver>) =>
        new ArrayReader(store, drivers, parts.clock),
    },
    {
      provide: FabricWork,
      inject: [DeviceStore, FABRIC_DRIVERS, InitiatorRepository, ZoneStore, ArrayReader, EventBus],
      useFactory: (...[store, drivers, initiators, zones, arrays, events]: FabricWorkNeeds) =>
        new FabricWork({ store, drivers, initiators, zones, arrays, events, database: parts.database }),
    },
    {
      provide: ArrayWork,
      inject: [DeviceStore, ARRAY_DRIVERS, HostStore, EventBus],
      useFactory: (store: DeviceStore, drivers: DriverPool<ArrayDriver>, hosts: HostStore, events: EventBus) =>
        new ArrayWork({ store, drivers, hosts, events, database: parts.database }),
    },
    {
      provide: STORAGE_READER,
      inject: [DeviceStore, FABRIC_DRIVERS, ArrayReader],
      useFactory: (store: DeviceStore, fabrics: DriverPool<FabricDriver>, arrays: ArrayReader) =>
        new StorageReader({ store, fabrics, arrays, clock: parts.clock, everyMs: config.pollEveryMs }),
    },
    { provide: DEVICE_POLLERS, inject: [STORAGE_READER], useFactory: (reader: StorageReader) => reader.pollers },
    deviceWorkProvider([FabricWork, ArrayWork], parts),
    DeviceWorkRunner,
  ];
}

@Module({})
export class StorageIdentityModule {
  static for(parts: HostParts, config: DeviceHostConfig): DynamicModule {
    return {
      module: StorageIdentityModule,
      imports: [DeviceHostModule.for('storage-identity', config.masterKeyFile, parts)],
      controllers: [StorageDefinitionHandlers, StorageWorkHandlers, StorageQueryHandlers],
      providers: [
        { provide: IdentityStore, useValue: new IdentityStore(config.identityRestMs) },
        InitiatorRepository,
        StorageReadingsService,
        StorageCheck,
        InitiatorService,
        FabricService,
        ArrayService,
        VolumeService,
        ZoneStore,
        HostStore,
        AccessService,
        ...deviceProviders(parts, config),
      ],
    };
  }
}
