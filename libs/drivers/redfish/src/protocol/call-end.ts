import type { DeviceResult, Observed, ReadResult, UnknownReason } from '@rackwright/driver-core';

type Refused = Extract<DeviceResult<never>, { kind: 'refused' }>;
type Busy = Extract<DeviceResult<never>, { kind: 'busy' }>;
type Conflict = { readonly kind: 'conflict'; readonly message: string };
type Unknown = { readonly kind: 'unknown'; readonly why: UnknownReason; readonly message: string };

/** The ends that cut a call short, wherever in it they are met. */
export type EarlyEnd = Refused | Busy | Conflict | Unknown;

/**
 * Carries an early end out of nested code to the port method, where it becomes the result ({@link settleRead},
 * {@link settle}). It never leaves the driver; it is thrown only because every read and send may end the call.
 */
export class CallEnded extends Error {
  constructor(readonly end: EarlyEnd) {
    super(end.message);
    this.name = 'CallEnded';
  }
}

export function refuse(code: string, message: string): never {
  throw new CallEnded({ kind: 'refused', code, message });
}

export function endUnknown(why: UnknownReason, message: string): never {
  throw new CallEnded({ kind: 'unknown', why, message });
}

export function endBusy(retryAfterMs: number, message: string): never {
  throw new CallEnded({ kind: 'busy', retryAfterMs, message });
}

/** Runs a read. Everything but an early end (the gate's `device.stale-epoch`, a bug) passes through untouched. */
export async function settleRead<T>(read: () => Promise<Observed<T>>): Promise<ReadResult<T>> {
  try {
    return { kind: 'done', observed: await read() };
  } catch (error) {
    if (!(error instanceof CallEnded)) throw error;
    const { end } = error;
    // A read has nothing to conflict with: a precondition failing under it only says that it cannot be trusted.
    return end.kind === 'conflict' ? { kind: 'unknown', why: 'not-settled', message: end.message } : end;
  }
}

/** Runs a change. */
export async function settle<T>(change: () => Promise<DeviceResult<T>>): Promise<DeviceResult<T>> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof CallEnded) return error.end;
    throw error;
  }
}
