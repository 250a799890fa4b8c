import { inventory } from '@rackwright/contracts';
import { deviceRegistryMigrations } from '@rackwright/device-registry';
import { deviceWorkMigrations } from '@rackwright/device-work';
import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import type { ServiceDefinition } from '@rackwright/service-host';
import { readPowerConfig, type PowerConfig } from './power.config.js';
import { powerMigrations } from './power.migrations.js';
import { PowerModule } from './power.module.js';

/** The power service, ready to be run by a process or hosted by a test. */
export function powerDefinition(config: PowerConfig = readPowerConfig()): ServiceDefinition {
  const sends = [inventory.registerServer];
  return {
    name: 'power',
    version: '0.1.0',
    modules: (parts) => [PowerModule.for(parts, config)],
    migrations: [...messagingMigrations, ...deviceRegistryMigrations, ...deviceWorkMigrations, ...powerMigrations],
    sends,
    transport: messagingTransport({ sends }),
  };
}
