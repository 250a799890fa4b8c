import { AppError, isAppError } from '@rackwright/kernel';
import { problemOf, type Plan, type RunState } from '@rackwright/client';

/** What the program ends with; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  conflict: 4,
  undone: 5,
  stuck: 6,
  timedOut: 7,
} as const;

/** An error that this program raises itself, with what to do next. */
export function failure(
  exit: number,
  message: string,
  more: { readonly action?: string; readonly cause?: string; readonly code?: string } = {},
): AppError {
  const { action, cause, code } = more;
  return new AppError(code ?? (exit === EXIT.usage ? 'cli.usage' : 'cli.failed'), message, {
    details: { exit, ...(action === undefined ? {} : { action }), ...(cause === undefined ? {} : { cause }) },
  });
}

/** Noes that are rules, whatever HTTP calls them. */
const REFUSALS = new Set(['plan-blocked', 'not-qualified', 'not-inert', 'not-vouchable', 'past-no-return']);

/** The exit code of an error: its own, or that of the HTTP status behind it. */
export function exitOfError(error: unknown): number {
  if (!isAppError(error)) return EXIT.failed;
  if (typeof error.details['exit'] === 'number') return error.details['exit'];
  if (error.code === 'client.wait-timeout') return EXIT.timedOut;
  if (REFUSALS.has(error.code)) return EXIT.refused;
  switch (problemOf(error)?.status) {
    case 400:
    case 413:
    case 422:
      return EXIT.usage;
    case 403:
      return EXIT.refused;
    case 409:
    case 412:
      return EXIT.conflict;
    default:
      return EXIT.failed;
  }
}

export function exitOfRun(state: RunState): number {
  switch (state) {
    case 'done':
      return EXIT.done;
    case 'undone':
      return EXIT.undone;
    case 'stuck':
      return EXIT.stuck;
    default:
      return EXIT.timedOut;
  }
}

const CONFLICTS = new Set(['profile-locked', 'server-locked', 'world-moved', 'plan-executed']);

/** A plan that cannot run: somebody else is at it (conflict), or a rule says no (refused). */
export function exitOfPlan(plan: Pick<Plan, 'state' | 'blockedBy'>): number {
  if (plan.state === 'ready') return EXIT.done;
  if (plan.state !== 'blocked') return EXIT.conflict;
  return plan.blockedBy.length > 0 && plan.blockedBy.every(({ code }) => CONFLICTS.has(code))
    ? EXIT.conflict
    : EXIT.refused;
}
