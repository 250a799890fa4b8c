/**
 * The capability ports every driver is made of, and the closed set of results a device call can have. Drivers import
 * this and the kernel, nothing else of ours; they do not sleep, poll, journal or retry. A call is: read, compare, act
 * once, read back, say which of the {@link DeviceResult} kinds it ended in.
 */
export * from './call-ending.js';
export * from './device-identity.js';
export * from './device-result.js';
export * from './network-ports.js';
export * from './server-ports.js';
export * from './storage-ports.js';
export * from './transport/index.js';
