export * from './access.js';
export * from './identities-and-devices.js';
export * from './views.js';
