/**
 * What the services say to each other. Every command, query and event is declared once, as a value with Zod schemas;
 * its subject, JSON Schema, TypeScript type, documentation and tests derive from that value. Imports the kernel only.
 */
export * from './define.js';
export * from './outcomes.js';
export * from './subjects.js';
export * from './catalogue.js';
export * from './schemas.js';
export * from './server.js';
export * as inventory from './inventory/index.js';
export * as network from './network.js';
export * as storageIdentity from './storage-identity/index.js';
export * as power from './power.js';
export * as coordinator from './saga-coordinator.js';
export * as failover from './failover.js';
export * from './sealing.js';
