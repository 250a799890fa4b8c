import { coordinator } from '@rackwright/contracts';
import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import type { ServiceDefinition } from '@rackwright/service-host';
import { failoverMigrations } from './failover.migrations.js';
import { FailoverModule } from './failover.module.js';

/** The failover service, ready to be run by a process or hosted by a test. */
export function failoverDefinition(): ServiceDefinition {
  const sends = [coordinator.executePlan];
  return {
    name: 'failover',
    version: '0.1.0',
    modules: (parts) => [FailoverModule.for(parts)],
    migrations: [...messagingMigrations, ...failoverMigrations],
    sends,
    transport: messagingTransport({ sends }),
  };
}
