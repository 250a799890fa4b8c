/** Titles are the same for every occurrence of a status; what happened is in `code` and `detail`. */
export const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  429: 'Too many attempts',
  500: 'Internal error',
  503: 'Service unavailable',
  504: 'No outcome yet',
};

/** Refusals that say the request itself cannot be meant, whatever state the world is in. */
const INVALID = new Set([
  'invalid-subnet',
  'prefix-not-local',
  'prefix-reserved',
  'two-boot-volumes',
  'no-initiator',
  'name-twice',
  'vnic-twice',
  'lun-in-use',
  'no-path',
  'not-vouchable',
  'not-qualified',
  'port-cabled-twice',
]);

/** HTTP status of a refusal or of the error of a query, by its code alone. Pure. */
export function statusOfCode(code: string): number {
  const bare = bareCode(code);
  if (bare === 'unknown-vnic' || INVALID.has(bare) || /-outside-(pool|subnet)$/.test(bare)) return 422;
  if (bare.startsWith('unknown-') || bare.endsWith('not-found')) return 404;
  return bare === 'invalid-input' ? 422 : 409;
}

/** Codes of errors carry the service that made them (`inventory.unknown-server`); the surface shows the rest. */
export function bareCode(code: string): string {
  return code.slice(code.lastIndexOf('.') + 1);
}

const ACTIONS: Readonly<Record<string, string>> = {
  'not-signed-in': 'Sign in with `rackwright login`, or send a valid bearer token.',
  'wrong-credentials': 'Check user name and password.',
  'too-many-attempts': 'Wait as long as Retry-After says.',
  'role-too-low': 'Ask somebody with the role that is needed.',
  'unknown-route': 'See /api/v1/docs for the routes there are.',
  'malformed-json': 'Correct the JSON at the given place.',
  'body-too-large': 'Split the request; a body has at most 1 MB.',
  'unsupported-media-type': 'Send application/json, or application/yaml where documents are taken.',
  'invalid-documents': 'Correct the documents at the given lines; nothing was changed.',
  'service-unavailable': 'Try again after Retry-After; `rackwright status` shows which services are up.',
  'outcome-unknown': 'Look before trying again: the command may still take effect.',
  'idempotency-key-missing': 'Send a unique Idempotency-Key, the same one when repeating the request.',
  'idempotency-key-in-progress': 'Wait for the first request to end, then repeat to get its answer.',
  'idempotency-key-reused': 'Use a new Idempotency-Key for another request.',
  'plan-blocked': 'See blockedBy of the plan, remove what blocks it, and make a new plan.',
  'plan-expired': 'Make a new plan.',
  'world-moved': 'Make a new plan: what the old one rests on has changed.',
  'plan-executed': 'See the run of the plan.',
  'profile-locked': 'Wait for the running change to end: `rackwright run list --open`.',
  'server-locked': 'Wait for the running change to end: `rackwright run list --open`.',
  'profile-associated': 'Disassociate the profile first, or migrate it.',
  'former-holder': 'Fence the server, or let the run that clears it end.',
  'former-holders': 'Clear the machines that may still carry the identities, then try again.',
  'not-vouchable': 'Let the step be proven by readings: retry the run.',
  'run-not-stuck': 'Only a stuck run takes this; watch it with `rackwright run watch`.',
  'past-no-return': 'The run goes forward; wait for its end.',
  'vlan-taken': 'Choose a free VLAN, or change the network that has it.',
  'network-in-use': 'Take the network out of the profiles that use it first.',
  'internal-error': 'Try again; if it stays, look for the request id in the log of the gateway.',
};

/** What a person can do next; undefined when the detail says it all. Pure. */
export function actionFor(code: string): string | undefined {
  return ACTIONS[code] ?? (code.startsWith('unknown-') ? 'Check the name; lists show what there is.' : undefined);
}
