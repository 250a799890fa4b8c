import type { inventory, coordinator, ResultOf } from '@rackwright/contracts';
import type { SagaDefinition } from '@rackwright/saga';

export type AssociationPreview = ResultOf<typeof inventory.previewAssociation>;

/** What a request becomes: a saga with its input, and the line people read. */
export interface PlannedSaga {
  readonly definition: SagaDefinition;
  readonly input: unknown;
  readonly title: string;
}

/** The sagas a coordinator can run. The product's own are in the saga catalogue; tests bring small ones. */
export interface SagaBook {
  /** Every version of every saga: an open journal of an old version is finished by its own code. */
  readonly definitions: readonly SagaDefinition[];
  sagaFor(
    request: coordinator.PlanRequest,
    ids: { readonly profileId: string; readonly actor: string },
    preview?: AssociationPreview,
  ): PlannedSaga;
}

/** Injection token of the {@link SagaBook}. */
export const SAGA_BOOK = Symbol('saga-coordinator.saga-book');
