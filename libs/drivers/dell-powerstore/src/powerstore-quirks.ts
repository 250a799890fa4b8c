/** What an HTTP status means whatever the body says. `read-back`: the array refused, and the reading decides. */
export const POWERSTORE_STATUS: Readonly<Record<number, 'login' | 'busy' | 'read-back' | 'unknown'>> = {
  400: 'read-back',
  401: 'login',
  // A session that is not valid any more: the next call signs in anew.
  403: 'busy',
  404: 'read-back',
  409: 'read-back',
  422: 'read-back',
  429: 'busy',
  500: 'unknown',
  502: 'unknown',
  503: 'busy',
  504: 'unknown',
};

/** Codes that say "it is so already"; the reading that follows proves it. */
export const ALREADY_SO: ReadonlySet<string> = new Set([
  // The volume is not attached to the host (any more).
  '0xE0A08001000F',
  // No such host, no such instance.
  '0xE0A010010003',
  '0xE04040020009',
]);

export const BUSY_RETRY_AFTER_MS = 5_000;
/** Items per page; the array sends at most 2000. */
export const PAGE_SIZE = 1_000;
/** Pages of one collection before the answer is held to be nonsense. */
export const PAGES_MAX = 50;
export const LUN_MAX = 16_383;
