import type { coordinator } from '@rackwright/contracts';
import type { SagaDefinition } from '@rackwright/saga';
import type { PlanFacts, SagaToStart } from '@rackwright/saga-catalog';

export type AssociationPreview = NonNullable<PlanFacts['preview']>;

/** The sagas a coordinator can run. The product's own are in the saga catalogue; tests bring small ones. */
export interface SagaBook {
  /** Every version of every saga: an open journal of an old version is finished by its own code. */
  readonly definitions: readonly SagaDefinition[];
  sagaFor(request: coordinator.PlanRequest, facts: PlanFacts): SagaToStart;
}

/** Injection token of the {@link SagaBook}. */
export const SAGA_BOOK = Symbol('saga-coordinator.saga-book');
