/**
 * Device work: how a service that owns devices turns commands into calls. A command is recorded as operations in its
 * intake transaction; workers carry them on from PostgreSQL, one live worker per device, merging what is due for one
 * device into one piece of work. Every mutating send passes a gate that knows the current epochs and leaves an open-call
 * row, so that "older commands are refused and old calls have ended" can be shown and not just hoped for.
 */
export * from './device-work.js';
export * from './device-work.migrations.js';
export * from './epoch-gate.js';
export * from './operation.js';
export * from './operation.store.js';
export * from './outcome-of-result.js';
export * from './turn-parts.js';
