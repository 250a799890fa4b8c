export * from './messaging.js';
export * from './messaging.migrations.js';
export * from './handlers.js';
export * from './command-bus.js';
export * from './outcome-bus.js';
export * from './permissions.js';
