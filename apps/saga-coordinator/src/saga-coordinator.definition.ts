import { CATALOG, sagaFor } from '@rackwright/saga-catalog';
import type { ServiceDefinition } from '@rackwright/service-host';
import { coordinatorWith } from './coordinator-with.js';
import { readCoordinatorConfig, type CoordinatorConfig } from './coordinator.config.js';
import type { SagaBook } from './saga-book.js';

const PRODUCT_SAGAS: SagaBook = { definitions: CATALOG, sagaFor };

/** The saga coordinator with the product's sagas (or those of a test), ready to be run by a process or hosted by a test. */
export function sagaCoordinatorDefinition(
  config: CoordinatorConfig = readCoordinatorConfig(),
  book: SagaBook = PRODUCT_SAGAS,
): ServiceDefinition {
  return coordinatorWith(book, config);
}
