import type { DeviceResult } from './device-result.js';

/** Every end of a call except `done`. */
export type NotDone = Exclude<DeviceResult<never>, { kind: 'done' }>;
/** Every end of a read except `done`. */
export type NotRead = Exclude<NotDone, { kind: 'pending' | 'conflict' }>;

/** Thrown inside a driver to leave a call with a result that is not `done`; {@link settle} turns it into that result. */
export class CallEnding<R extends NotDone = NotDone> extends Error {
  constructor(readonly result: R) {
    super('message' in result ? `${result.kind}: ${result.message}` : result.kind);
    this.name = 'CallEnding';
  }
}

/** Leaves the running call with `result`. */
export function endCall(result: NotDone): never {
  throw new CallEnding(result);
}

/** Runs the body of a change; a {@link CallEnding} becomes its result, every other error goes through untouched (a stale epoch above all). */
export async function settle<R extends DeviceResult<unknown>>(work: () => Promise<R>): Promise<R | NotDone> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CallEnding) return error.result as NotDone;
    throw error;
  }
}

/** As {@link settle} for reads: a `conflict` or `pending` that a shared helper ended with is unknown to a reader. */
export async function settleRead<R extends { readonly kind: string }>(work: () => Promise<R>): Promise<R | NotRead> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CallEnding)) throw error;
    const result = error.result as NotDone;
    if (result.kind === 'pending')
      return { kind: 'unknown', why: 'not-settled', message: 'the device has not settled' };
    if (result.kind === 'conflict') return { kind: 'unknown', why: 'not-settled', message: result.message };
    return result;
  }
}
