import type { Evidence, Outcome } from '@rackwright/contracts';
import { turnOf, type Turn } from '@rackwright/device-work';
import type { DeviceResult, Observed, ReadResult } from '@rackwright/driver-core';

/** What a part of a turn came to: a value to go on with, or the turn that ends it. */
export type Part<T> = { readonly value: Observed<T> } | { readonly turn: Turn };

/** Goes on with what was read back, or says how the turn ends. */
export function partOf<T>(result: DeviceResult<T> | ReadResult<T>): Part<T> {
  let value: Observed<T> | undefined;
  const turn = turnOf(result, (observed) => {
    value = observed;
    return AGAIN;
  });
  return value === undefined ? { turn } : { value };
}

const AGAIN: Turn = { kind: 'again', afterMs: 0, note: '' };

export function finished(outcome: Outcome): Turn {
  return { kind: 'finished', outcome };
}

export function finishedWith(result: { readonly evidence: readonly Evidence[] } & Record<string, unknown>): Turn {
  return finished({ kind: 'done', result });
}

export function finishedRefused(code: string, message: string): Turn {
  return finished({ kind: 'refused', code, message });
}

export function again(afterMs: number, note: string): Turn {
  return { kind: 'again', afterMs, note };
}

/** A fact as it was just read. */
export function fact(observed: Observed<unknown>, fields: Pick<Evidence, 'fact' | 'subject' | 'value'>): Evidence {
  return { ...fields, at: observed.at.toISOString(), source: observed.source };
}
