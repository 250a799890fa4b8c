import type { AnyDefinition, ServiceName } from './define.js';
import * as failover from './failover.js';
import * as inventory from './inventory/index.js';
import * as network from './network.js';
import * as power from './power.js';
import * as coordinator from './saga-coordinator.js';
import * as sealing from './sealing.js';
import * as storage from './storage-identity/index.js';

function isDefinition(value: unknown): value is AnyDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && 'service' in value && 'version' in value;
}

/** Every declared message, for generators, allow-lists and tests. */
export const CATALOGUE: readonly AnyDefinition[] = [failover, inventory, network, power, coordinator, sealing, storage]
  .flatMap((module) => Object.values(module) as unknown[])
  .filter(isDefinition);

/** The declared messages of one service. */
export function definitionsOf(service: ServiceName): readonly AnyDefinition[] {
  return CATALOGUE.filter((definition) => definition.service === service);
}
