import { AppError, isAppError } from '@rackwright/kernel';

/** One place in what was sent that is wrong. `line` and `column` count from 1 and are there for YAML. */
export interface ProblemEntry {
  readonly pointer?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly line?: number;
  readonly column?: number;
}

/** RFC 9457 problem details with the members of this API: a stable `code`, the `cause`, and what to do about it. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly cause?: string;
  readonly action?: string;
  readonly errors?: readonly ProblemEntry[];
  readonly instance?: string;
}

/** What an {@link AppError} of this client knows about the answer it stands for; `status` 0: there was no answer. */
export interface ClientErrorDetails {
  readonly status: number;
  readonly title?: string;
  readonly cause?: string;
  readonly action?: string;
  readonly errors: readonly ProblemEntry[];
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfterSeconds?: number;
}

const CODES: Readonly<Record<number, string>> = {
  400: 'bad-request',
  401: 'not-signed-in',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  412: 'precondition-failed',
  413: 'too-large',
  422: 'invalid',
  429: 'too-many-requests',
  503: 'unavailable',
};

/** The error of an answer that is no success. Bodies that are no problem document (a proxy's page) still give a code. */
export function errorOfProblem(status: number, body: unknown, retryAfterSeconds?: number): AppError {
  const problem = isRecord(body) ? body : {};
  const title = textOf(problem['title']);
  const cause = textOf(problem['cause']);
  const action = textOf(problem['action']);
  const details: ClientErrorDetails = {
    status,
    errors: Array.isArray(problem['errors']) ? problem['errors'].filter(isRecord) : [],
    ...(title === undefined ? {} : { title }),
    ...(cause === undefined ? {} : { cause }),
    ...(action === undefined ? {} : { action }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
  const code = textOf(problem['code']) ?? CODES[status] ?? `http-${status}`;
  const message = textOf(problem['detail']) ?? title ?? `the server answered ${status}`;
  return new AppError(code, message, { details: { ...details } });
}

/** An error of this client without an answer behind it. */
export function errorWithoutAnswer(
  code: 'client.unreachable' | 'client.timeout' | 'client.bad-answer',
  message: string,
  options: { readonly action?: string; readonly cause?: unknown } = {},
): AppError {
  const details: ClientErrorDetails = {
    status: 0,
    errors: [],
    ...(options.action === undefined ? {} : { action: options.action }),
  };
  return new AppError(code, message, { details: { ...details }, cause: options.cause });
}

/** What the server said about an error, or undefined when the error is none of this client's. */
export function problemOf(error: unknown): ClientErrorDetails | undefined {
  if (!isAppError(error) || typeof error.details['status'] !== 'number') return undefined;
  return error.details as unknown as ClientErrorDetails;
}

/** True for what goes away by itself: no answer, no answer in time, 503. */
export function isPassing(error: unknown): boolean {
  if (isAppError(error, 'client.unreachable') || isAppError(error, 'client.timeout')) return true;
  return problemOf(error)?.status === 503;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
