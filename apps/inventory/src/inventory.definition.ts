import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import type { ServiceDefinition } from '@rackwright/service-host';
import { inventoryMigrations } from './inventory.migrations.js';
import { InventoryModule } from './inventory.module.js';
import { FormerHolderEntity, ProfileEntity } from './profile/profile.entity.js';
import { ServerPoolEntity } from './server-pool/server-pool.entity.js';
import { CablingEntity, ServerEntity } from './server/server.entity.js';
import { SiteEntity } from './site/site.entity.js';

/** The inventory service, ready to be run by a process or hosted by a test. */
export function inventoryDefinition(): ServiceDefinition {
  return {
    name: 'inventory',
    version: '0.1.0',
    modules: [InventoryModule],
    migrations: [...messagingMigrations, ...inventoryMigrations],
    entities: [SiteEntity, ServerPoolEntity, ServerEntity, CablingEntity, ProfileEntity, FormerHolderEntity],
    transport: messagingTransport(),
  };
}
