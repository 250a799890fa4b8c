import type { Outcome } from './define.js';

/** An expected no, in the words of the contract; nothing was changed. */
export function refused(
  code: string,
  message: string,
  details?: Record<string, unknown>,
): Extract<Outcome<never>, { kind: 'refused' }> {
  return { kind: 'refused', code, message, ...(details && { details }) };
}

/** The effect is there. */
export function done<T>(result: T): { readonly kind: 'done'; readonly result: T } {
  return { kind: 'done', result };
}
