/**
 * The one error class of the product: a stable string `code` for programs, a public `message` for people, `details`
 * for both, the underlying `cause` for the log. Expected refusals are outcomes in the contract, never errors.
 */
export class AppError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True when `error` is an {@link AppError}, with the given code when one is given. Never looks at the message text. */
export function isAppError(error: unknown, code?: string): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** The message of anything that was thrown, for logs and evidence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes the compiler prove that a switch is exhaustive; throws if a value slips through at run time. */
export function assertNever(value: never, what: string): never {
  throw new AppError('kernel.unexpected-value', `unexpected ${what}: ${JSON.stringify(value)}`);
}
