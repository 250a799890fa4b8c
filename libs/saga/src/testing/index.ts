/**
 * What proves a saga. `describeSaga` makes the same suite for every saga and runs it against a harness: the memory one
 * here (milliseconds, virtual time), or real services with the simulated data centre. `sagaCases` gives the same cases
 * as plain functions. Nothing here is used in production.
 */
export * from './describe-saga.js';
export * from './harness.js';
export * from './memory-harness.js';
export * from './memory-host.js';
export * from './memory-journal-store.js';
export * from './saga-cases.js';
export * from './scripted-participant.js';
