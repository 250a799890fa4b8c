/**
 * What every service process is made of besides its own features: configuration from the environment, a small HTTP
 * server for health and metrics that is up before anything else, the database with its migrations, messaging, a Nest
 * container around the service's modules, and an orderly end. PostgreSQL and NATS may be away at the start or go away
 * later: the process stays, says on `/readyz` what is missing, and goes on when it is back.
 */
export * from './health-board.js';
export * from './health-server.js';
export * from './parse-config.js';
export * from './run-service.js';
export * from './service-definition.js';
export * from './service-host.module.js';
export * from './service.config.js';
export * from './service-process.js';
