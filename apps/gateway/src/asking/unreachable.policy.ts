import { isAppError } from '@rackwright/kernel';

const UNREACHABLE = ['messaging.no-responders', 'messaging.no-answer', 'messaging.disconnected'];

/** True when a query failed because its owner cannot be reached, not because of what was asked. Pure. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.some((code) => isAppError(error, code));
}
