import { messageKey, retryAfterMs, type RedfishAnswer } from './answer.js';
import type { EarlyEnd } from './call-end.js';

/** Messages that mean "not now", whatever the status: sessions exhausted, POST under way, data not collected yet. */
const BUSY_MESSAGES: ReadonlySet<string> = new Set([
  'RAC0218', // iDRAC: maximum number of user sessions
  'SessionLimitExceeded',
  'ServiceTemporarilyUnavailable',
  'ServiceInUnknownState',
  'ResourceInUse',
  'ResourceInStandby',
  'SYS518', // iDRAC: data sources unavailable
  'SYS403', // iDRAC: resource not there yet right after its own restart
  'CreateLimitReachedForResource',
  'ServerPostInProgress',
  'UnableToModifyDuringSystemPOST', // iLO
]);

/**
 * Messages that mean "it is that way already, or was a moment ago": nothing is decided by them, the state is read
 * (iDRAC 409 PSU501 for On when on; iLO 400 InvalidOperationForSystemState for off when off *and* for too soon).
 */
const LOOK_AGAIN_MESSAGES: ReadonlySet<string> = new Set([
  'PSU501',
  'InvalidOperationForSystemState',
  'NoOperation',
  'PropertyValueModified',
  'ResourceAlreadyExists',
]);

const DEFAULT_RETRY_MS = 5_000;

/** What a change's answer means before anything has been read back. */
export type WriteVerdict =
  | { readonly kind: 'accepted'; readonly monitor?: string }
  | { readonly kind: 'look-again' }
  | { readonly kind: 'precondition' }
  | EarlyEnd;

function has(answer: RedfishAnswer, messages: ReadonlySet<string>): boolean {
  return answer.messageIds.some((id) => messages.has(messageKey(id)));
}

function describe(answer: RedfishAnswer): string {
  return `the device answered ${answer.status}${answer.messageIds.length > 0 ? ` (${answer.messageIds.join(', ')})` : ''}`;
}

/** Ends that reads and changes share; undefined when the answer is none of them. */
export function commonEnd(answer: RedfishAnswer): EarlyEnd | undefined {
  const { status } = answer;
  if (status === 503 || status === 429 || status === 423 || (status >= 400 && has(answer, BUSY_MESSAGES))) {
    return { kind: 'busy', retryAfterMs: retryAfterMs(answer, DEFAULT_RETRY_MS), message: describe(answer) };
  }
  if (status >= 300 && status < 400 && status !== 304) {
    return { kind: 'refused', code: 'redfish.redirect', message: `${describe(answer)}: redirects are not followed` };
  }
  if (status === 401) return { kind: 'refused', code: 'device.bad-credentials', message: describe(answer) };
  if (status === 403) return { kind: 'refused', code: 'device.forbidden', message: describe(answer) };
  if (status >= 500 && status !== 501) {
    return { kind: 'unknown', why: answer.parseable ? 'not-settled' : 'unparseable', message: describe(answer) };
  }
  return undefined;
}

/** What the answer to a POST or PATCH means. Success here is only "accepted": the state is read back by the caller. */
export function judgeWrite(answer: RedfishAnswer): WriteVerdict {
  const { status } = answer;
  if (status >= 400 && has(answer, LOOK_AGAIN_MESSAGES)) return { kind: 'look-again' };
  const common = commonEnd(answer);
  if (common) return common;
  if (status >= 200 && status < 300) {
    // A 200 whose body is not ours to read says nothing about what happened.
    if (!answer.parseable) return { kind: 'unknown', why: 'unparseable', message: describe(answer) };
    const monitor = answer.headers.get('location');
    return { kind: 'accepted', ...(status === 202 && monitor !== undefined && { monitor }) };
  }
  if (status === 412 || status === 428) return { kind: 'precondition' };
  if (status === 409) return { kind: 'look-again' };
  const code = answer.messageIds[0] ?? `http-${status}`;
  return { kind: 'refused', code: `redfish.${code}`, message: describe(answer) };
}
