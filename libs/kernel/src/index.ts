/**
 * The kernel: what every other part of Rackwright is written in. Branded ids, the normal forms of hardware identities,
 * the one error class, time, randomness and units. It imports nothing of ours and is the only place that may ask the
 * machine for the time or for a random number.
 */
export * from './app-error.js';
export * from './architecture.js';
export * from './brand.js';
export * from './clock.js';
export * from './identity.js';
export * from './ids.js';
export * from './random.js';
export * from './units.js';
