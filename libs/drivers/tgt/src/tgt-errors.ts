/**
 * Exit codes of tgtadm 1.0.85: it exits with the error number of its answer, and 107 when no daemon listens. 22 stands
 * for every refusal (target, session, rule not found or already there, invalid request), so it proves nothing: the
 * driver reads back and compares.
 */
export const TGTADM_EXIT: Readonly<Record<number, 'ok' | 'read-back' | 'no-daemon'>> = {
  0: 'ok',
  22: 'read-back',
  107: 'no-daemon',
};

/** How long to leave a daemon alone that does not answer. */
export const BUSY_RETRY_AFTER_MS = 1_000;
