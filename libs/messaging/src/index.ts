/**
 * How services talk: NATS carries, PostgreSQL remembers. Commands and outcomes travel over core NATS in batches and are
 * finished only by a receipt that the receiver gives after its commit; events go into a JetStream stream that is
 * refilled from PostgreSQL when it loses some; queries are answered through the NATS services framework. Whatever NATS
 * drops, repeats, reorders or forgets, each message has one effect and none is forgotten.
 */
export * from './backoff.js';
export * from './command-bus.js';
export * from './decorators.js';
export * from './event-bus.js';
export * from './event-reader.js';
export * from './handlers.js';
export * from './limits.js';
export * from './message-faults.js';
export * from './message-key.js';
export * from './messaging-log.js';
export * from './messaging.js';
export * from './messaging.migrations.js';
export * from './messaging.module.js';
export * from './nats-identity.js';
export * from './nats-messaging.strategy.js';
export * from './nats-server-config.js';
export * from './outcome-bus.js';
export * from './parked-messages.js';
export * from './permissions.js';
export * from './query-client.js';
export * from './service-messages.js';
export type { ParkedNotice } from './group-taker.js';
export type { NatsConnectionOptions } from './nats-link.js';
export { REFUSALS } from './receipt.js';
