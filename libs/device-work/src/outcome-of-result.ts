import type { Evidence, Outcome } from '@rackwright/contracts';
import type { DeviceResult, ReadResult } from '@rackwright/driver-core';
import type { Turn } from './operation.js';

/** How soon to look again when a device says nothing about it. */
const LOOK_AGAIN_MS = { pending: 250, conflict: 200, unknown: 1_000 } as const;

/**
 * What a driver's result means for an operation: `done` goes on to `onDone`, `refused` ends it, everything else comes
 * round again until the operation's deadline, which makes it `unknown`. Never takes an unanswered call for success.
 */
export function turnOf<T>(
  result: DeviceResult<T> | ReadResult<T>,
  onDone: (observed: { value: T; at: Date; source: string }) => Turn,
): Turn {
  switch (result.kind) {
    case 'done':
      return onDone(result.observed);
    case 'refused':
      // The certificate of a new device was just pinned; the credential may go out on the next try.
      if (result.code === 'device.certificate-not-pinned') return { kind: 'again', afterMs: 100, note: result.message };
      return {
        kind: 'finished',
        outcome: { kind: 'refused', code: 'device-refused', message: result.message, details: { code: result.code } },
      };
    case 'busy':
      return { kind: 'again', afterMs: result.retryAfterMs, note: `busy: ${result.message}` };
    case 'pending':
      return { kind: 'again', afterMs: LOOK_AGAIN_MS.pending, note: `waiting for ${result.handle.kind}` };
    case 'conflict':
      return { kind: 'again', afterMs: LOOK_AGAIN_MS.conflict, note: `changed by somebody else: ${result.message}` };
    case 'unknown':
      return {
        kind: 'again',
        afterMs: LOOK_AGAIN_MS.unknown,
        note: `no clear answer (${result.why}): ${result.message}`,
      };
  }
}

/** Joins the outcomes of a command's parts: one refusal refuses, one unknown makes it unknown, else all evidence together. */
export function combineEvidence(_kind: string, outcomes: readonly Outcome[]): Outcome {
  // One part has nothing to be joined with, and its result may carry no evidence at all.
  const [only] = outcomes;
  if (only && outcomes.length === 1) return only;
  const bad =
    outcomes.find((outcome) => outcome.kind === 'unknown') ?? outcomes.find((outcome) => outcome.kind === 'refused');
  if (bad) return bad;
  const results = outcomes.map((outcome) =>
    outcome.kind === 'done' ? (outcome.result as Record<string, unknown>) : {},
  );
  const evidence = results.flatMap((result) => (result['evidence'] as Evidence[] | undefined) ?? []);
  const merged: Record<string, unknown> = Object.assign({}, ...results, { evidence });
  if (results.some((result) => 'changed' in result))
    merged['changed'] = results.some((result) => result['changed'] === true);
  return { kind: 'done', result: merged };
}
