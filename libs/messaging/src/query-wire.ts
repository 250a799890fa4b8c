export const ACTOR_HEADER = 'Rw-Actor';
export const TRACE_HEADER = 'traceparent';
export const ERROR_CODE_HEADER = 'Nats-Service-Error-Code';

/** The body of a refused query. */
export interface QueryProblem {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The numeric code that NATS tools show; programs use the code in the body. */
export function statusOf(code: string): number {
  switch (code) {
    case 'messaging.invalid-input':
      return 400;
    case 'messaging.answer-failed':
    case 'messaging.too-large':
      return 500;
    default:
      return code.endsWith('not-found') ? 404 : 422;
  }
}
