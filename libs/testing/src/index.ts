/**
 * What tests stand on: real PostgreSQL and real NATS servers, a fresh database per suite, a TCP proxy that breaks links
 * on purpose, waiting for conditions instead of sleeping, and randomness that can be replayed. Servers are started by
 * the first suite that needs them, shared through the run folder that Jest's global set-up reserves, and stopped by its
 * global tear-down; what a killed run left behind is stopped by the next one.
 */
export * from './fresh-database.js';
export * from './nats-server.js';
export * from './postgres-server.js';
export * from './seeded-random.js';
export * from './tcp-proxy.js';
export * from './wait-for.js';
