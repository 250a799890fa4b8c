import type { Outcome } from '@rackwright/contracts';

/** An expected no, in the words of the contract. */
export function refused(
  code: string,
  message: string,
  details?: Record<string, unknown>,
): Extract<Outcome<never>, { kind: 'refused' }> {
  return { kind: 'refused', code, message, ...(details && { details }) };
}

export function done<T>(result: T): { readonly kind: 'done'; readonly result: T } {
  return { kind: 'done', result };
}
