import { readDeviceHostConfig, type DeviceHostConfig } from '@rackwright/device-host';
import { deviceRegistryMigrations } from '@rackwright/device-registry';
import { deviceWorkMigrations } from '@rackwright/device-work';
import { identityPoolMigrations } from '@rackwright/identity-pool';
import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import type { ServiceDefinition } from '@rackwright/service-host';
import { networkMigrations } from './network.migrations.js';
import { NetworkModule } from './network.module.js';

/** The network service, ready to be run by a process or hosted by a test. */
export function networkDefinition(config: DeviceHostConfig = readDeviceHostConfig()): ServiceDefinition {
  return {
    name: 'network',
    version: '0.1.0',
    modules: (parts) => [NetworkModule.for(parts, config)],
    migrations: [
      ...messagingMigrations,
      ...deviceRegistryMigrations,
      ...deviceWorkMigrations,
      ...identityPoolMigrations,
      ...networkMigrations,
    ],
    transport: messagingTransport(),
  };
}
