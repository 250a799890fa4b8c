/**
 * A small world for tests of services that talk: real NATS with the allow-lists of production, a database with a schema
 * and a role per service, and as many replicas of each service as a test wants. Limits are short so that tests of
 * re-sending do not take seconds.
 */
export * from './messaging-world.js';
