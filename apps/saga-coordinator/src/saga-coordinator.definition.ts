import { CATALOG, sagaFor } from '@rackwright/saga-catalog';
import type { ServiceDefinition } from '@rackwright/service-host';
import { coordinatorWith } from './coordinator-with.js';
import { readCoordinatorConfig, type CoordinatorConfig } from './coordinator.config.js';

/** The saga coordinator with the product's sagas, ready to be run by a process or hosted by a test. */
export function sagaCoordinatorDefinition(config: CoordinatorConfig = readCoordinatorConfig()): ServiceDefinition {
  return coordinatorWith({ definitions: CATALOG, sagaFor }, config);
}
