/**
 * Sagas: every change in the product is a chain of commands that ends done, undone or stuck. This library has three
 * layers. `defineSaga` makes a definition, which is data and pure functions. `planNext` reads a journal and decides what
 * is next; it is pure, and recovery is nothing but asking it again. `SagaEngine` carries decisions out over ports, many
 * sagas in one transaction with their outgoing commands. It knows no database, no transport and no device.
 */
export { ChainBuilder, SagaBuilder, defineSaga } from './builder.js';
export { checkDefinition } from './check-definition.js';
export * from './crash-points.js';
export type { CommandToSend, Decision } from './decision.js';
export * from './definition.js';
export * from './engine.js';
export { DEADLINE_PASSED, applyRow, foldJournal, emptyState, type SagaState, type UnitState } from './fold.js';
export * from './journal.js';
export { factsOf, type IgnoredReason, type OutcomeFacts, type SagaOutcome } from './outcome.js';
export { planNext, planState } from './plan.js';
export * from './ports.js';
export * from './registry.js';
export * from './replay.js';
export * from './step-options.js';
export * from './verbs.js';
