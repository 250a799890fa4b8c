import type { JsonValue } from './model.js';

export type DeviceKind = 'server' | 'bmc' | 'pdu' | 'feed' | 'switch' | 'fabric' | 'fc-switch' | 'array' | 'cable';

/** A device by kind and name, as it is addressed in events, counters and faults. */
export interface DeviceRef {
  readonly kind: DeviceKind;
  readonly name: string;
}

/**
 * Something that happened to the hardware. `actor` says who did it: `physics` (time passing), `fault` (injected), or
 * the management face and session that asked (`redfish`, `fos:admin`). Only the latter count as device mutations.
 */
export interface HardwareEvent {
  readonly sequence: number;
  readonly timeMs: number;
  readonly kind: string;
  readonly device: DeviceRef;
  readonly actor: string;
  readonly detail?: { readonly [key: string]: JsonValue | undefined };
}

/** Called after a change, when the world is consistent again. Must not change the world. */
export type WorldObserver = (event: HardwareEvent) => void;

export const PHYSICS = 'physics';
export const FAULT = 'fault';
/** Begins the name of another administrator, planted by a fault: what that one changes does not count as ours. */
export const FOREIGN = 'foreign:';
