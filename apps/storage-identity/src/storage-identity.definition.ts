import { readDeviceHostConfig, type DeviceHostConfig } from '@rackwright/device-host';
import { deviceRegistryMigrations } from '@rackwright/device-registry';
import { deviceWorkMigrations } from '@rackwright/device-work';
import { identityPoolMigrations } from '@rackwright/identity-pool';
import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import type { ServiceDefinition } from '@rackwright/service-host';
import { storageIdentityMigrations } from './storage-identity.migrations.js';
import { StorageIdentityModule } from './storage-identity.module.js';

/** The storage identity service, ready to be run by a process or hosted by a test. */
export function storageIdentityDefinition(config: DeviceHostConfig = readDeviceHostConfig()): ServiceDefinition {
  return {
    name: 'storage-identity',
    version: '0.1.0',
    modules: (parts) => [StorageIdentityModule.for(parts, config)],
    migrations: [
      ...messagingMigrations,
      ...deviceRegistryMigrations,
      ...deviceWorkMigrations,
      ...identityPoolMigrations,
      ...storageIdentityMigrations,
    ],
    transport: messagingTransport(),
  };
}
