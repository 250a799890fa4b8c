/**
 * What the services that own devices have in common: a store of devices with encrypted credentials, and device work that
 * lives and ends with the service. Everything about a kind of device stays in the service that owns it.
 */
export * from './device-host.config.js';
export * from './device-host.module.js';
export * from './device-work.runner.js';
