/** Injection token of the gateway's own configuration. */
export const GATEWAY_CONFIG = Symbol('gateway.config');
/** Injection token of an AbortSignal that fires when the process is about to end. */
export const STOPPING = Symbol('gateway.stopping');
