import type { Evidence, Outcome } from '@rackwright/contracts';
import type { DeviceResult, Observed, ReadResult } from '@rackwright/driver-core';
import type { Turn } from './operation.js';
import { turnOf } from './outcome-of-result.js';

/** What a part of a turn came to: a value to go on with, or the turn that ends it. */
export type Part<T> = { readonly value: Observed<T> } | { readonly turn: Turn };

/** Goes on with what was read back, or says how the turn ends. */
export function partOf<T>(result: DeviceResult<T> | ReadResult<T>): Part<T> {
  let value: Observed<T> | undefined;
  const turn = turnOf(result, (observed) => {
    value = observed;
    return again(0, '');
  });
  return value === undefined ? { turn } : { value };
}

export function finished(outcome: Outcome): Turn {
  return { kind: 'finished', outcome };
}

export function finishedWith(result: { readonly evidence: readonly Evidence[] } & Record<string, unknown>): Turn {
  return finished({ kind: 'done', result });
}

export function finishedRefused(code: string, message: string): Turn {
  return finished({ kind: 'refused', code, message });
}

/** Comes round later; without `progress` what was remembered before stays. */
export function again(afterMs: number, note: string, progress?: Record<string, unknown>): Turn {
  return { kind: 'again', afterMs, note, ...(progress && { progress }) };
}

/** A fact as it was just read. */
export function fact(observed: Observed<unknown>, fields: Pick<Evidence, 'fact' | 'subject' | 'value'>): Evidence {
  return { ...fields, at: observed.at.toISOString(), source: observed.source };
}
