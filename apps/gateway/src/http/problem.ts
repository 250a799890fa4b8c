import { actionFor, statusOfCode, TITLES } from './problem.policy.js';

/** One thing that is wrong with a request. */
export interface ProblemItem {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ProblemOptions {
  readonly errors?: readonly ProblemItem[];
  readonly cause?: string;
  readonly action?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the answer. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** An answer of RFC 9457, thrown by whoever notices; the filter writes it. `code` is stable, texts are for people. */
export class Problem extends Error {
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    private readonly options: ProblemOptions = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.headers = options.headers ?? {};
  }

  /** The refusal of a command, in HTTP's terms. */
  static ofRefusal(code: string, message: string, details?: Record<string, unknown>): Problem {
    return new Problem(statusOfCode(code), code, message, details === undefined ? {} : { extra: { details } });
  }

  body(instance: string): Record<string, unknown> {
    const { errors, cause, action = actionFor(this.code), extra } = this.options;
    return {
      type: `urn:rackwright:problem:${this.code}`,
      title: TITLES[this.status] ?? 'Error',
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...(cause !== undefined && { cause }),
      ...(action !== undefined && { action }),
      ...(errors !== undefined && { errors }),
      ...extra,
      instance,
    };
  }
}
