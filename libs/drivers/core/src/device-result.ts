import type { Clock } from '@rackwright/kernel';

/** A value read from a device, with when and where it was read. Nothing is a fact without its age and source. */
export interface Observed<T> {
  readonly value: T;
  readonly at: Date;
  /** What was read, for evidence: device address plus resource, e.g. `https://127.1.0.4/redfish/v1/Systems/1`. */
  readonly source: string;
  /** Version mark of the device (ETag, zoning checksum), for a conditional write. */
  readonly etag?: string;
}

/** Why the outcome of a call cannot be known. The change may have happened or not: read again before anything else. */
export type UnknownReason =
  'timeout' | 'lost-response' | 'connection-reset' | 'unparseable' | 'task-vanished' | 'not-settled';

/** Something the device will finish later; `kind` says what it waits for. */
export interface PendingHandle {
  readonly kind: 'task' | 'reset' | 'settling';
  /** Task monitor or job URI, where the device gave one. */
  readonly uri?: string;
}

/**
 * The closed set of ends a device call can have.
 * - `done`: read back and equal to what was wanted. The only good end.
 * - `pending`: accepted, needs time, a task or a reset; call the same `ensure` again later.
 * - `refused`: the device (or its driver) said no, and the state was proven unchanged. Retrying is pointless.
 * - `busy`: a lock, a session limit, POST in progress, 503. Retry after `retryAfterMs`.
 * - `conflict`: somebody else changed it (412, zoning checksum, OVSDB wait). Look again, then decide.
 * - `unknown`: nobody can tell. Re-read before re-issuing; never counts as success, never as off.
 */
export type DeviceResult<T> =
  | { readonly kind: 'done'; readonly observed: Observed<T>; readonly changed: boolean }
  | { readonly kind: 'pending'; readonly handle: PendingHandle; readonly observed?: Observed<T> }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'busy'; readonly retryAfterMs: number; readonly message: string; readonly owner?: string }
  | { readonly kind: 'conflict'; readonly message: string; readonly observed?: Observed<T> }
  | {
      readonly kind: 'unknown';
      readonly why: UnknownReason;
      readonly message: string;
      readonly lastKnown?: Observed<T>;
    };

/** What a read can end in: the same set without `pending` and `conflict`. */
export type ReadResult<T> =
  | { readonly kind: 'done'; readonly observed: Observed<T> }
  | Exclude<DeviceResult<T>, { kind: 'done' | 'pending' | 'conflict' }>;

/** One request about to leave for a device: what the send gate is asked to permit. */
export interface DeviceSend {
  /** Address of the device. */
  readonly device: string;
  readonly verb: string;
  readonly target: string;
  /** False for reads: they are permitted at every epoch but still counted as open. */
  readonly mutating: boolean;
}

/** Proof that a send was permitted; must be closed when the answer is in, or when none will come. */
export interface SendTicket {
  close(end: 'answered' | 'no-answer'): Promise<void>;
}

/**
 * The gate of safety rule 5: every single send (retries, after a 401, after a redirect, each line of a batch) passes
 * it. It throws `device.stale-epoch` when a newer epoch is known; the driver lets that error through untouched.
 */
export interface SendGate {
  permit(send: DeviceSend): Promise<SendTicket>;
}

/** A gate that permits everything; for tools and tests outside the services. */
export const OPEN_GATE: SendGate = {
  permit: () => Promise.resolve({ close: () => Promise.resolve() }),
};

/** What every driver call is given. Drivers neither sleep nor poll nor retry by themselves: the owning service does. */
export interface DeviceCall {
  readonly gate: SendGate;
  /** After this moment the driver stops waiting for an answer and says `unknown`. */
  readonly deadline: Date;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}
