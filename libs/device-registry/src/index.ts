/**
 * The devices a service owns: where they are, how they are trusted, the credential (encrypted at rest, sealed in flight),
 * what was read from them last, and one driver object for each. Whoever holds a device's credentials is its only gateway.
 */
export * from './device-registry.migrations.js';
export * from './device-poller.js';
export * from './device.store.js';
export * from './driver-pool.js';
export * from './sealing.js';
export * from './vault.js';
