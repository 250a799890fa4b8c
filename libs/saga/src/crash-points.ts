import type { JournalEventName, JournalFact } from './journal.js';

/**
 * Where a process may be made to die. `before-append` to `after-send` lie inside the transaction (dying there rolls it
 * back), `after-commit` behind it.
 */
export const CRASH_MOMENTS = ['before-append', 'after-append', 'before-send', 'after-send', 'after-commit'] as const;
export type CrashMoment = (typeof CRASH_MOMENTS)[number];

/** `after-commit:step-done:reserve-server`, `before-append:started`. */
export type CrashPoint = `${CrashMoment}:${JournalEventName}` | `${CrashMoment}:${JournalEventName}:${string}`;

/** Told of every point passed; dies there or does not (tests throw, chaos sends itself a signal). None by default. */
export interface CrashPoints {
  reached(point: CrashPoint, sagaId: string): void;
}

/** The name of the point at a moment around a fact; items of a fan-out share the name of their step. */
export function crashPoint(
  moment: CrashMoment,
  fact: Pick<JournalFact, 'event'> & { readonly step?: string },
): CrashPoint {
  return fact.step === undefined ? `${moment}:${fact.event}` : `${moment}:${fact.event}:${fact.step}`;
}
