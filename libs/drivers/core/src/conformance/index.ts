/** Conformance suites: what every driver of a port must do, run against simulators, independent servers and captures. */
export * from './conformance-call.js';
export * from './switch-conformance.js';
export * from './array-conformance.js';
export * from './fabric-conformance.js';
export * from './server-conformance.js';
