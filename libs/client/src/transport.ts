import { messageOf, SystemClock, type Clock } from '@rackwright/kernel';
import { Agent, fetch, type Headers, type RequestInit, type Response } from 'undici';
import { errorOfProblem, errorWithoutAnswer, isRecord } from './problem.js';

/** How to reach a gateway. */
export interface ClientOptions {
  /** `http://127.0.0.1:8080`, without `/api/v1`. */
  readonly url: string;
  readonly token?: string;
  /** Bound of one exchange; default 30 s. Streams and held answers have bounds of their own. */
  readonly timeoutMs?: number;
  /** How often a call that may be repeated is repeated after 503; default 4. */
  readonly retriesMax?: number;
  readonly clock?: Clock;
  readonly userAgent?: string;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  /** An object is sent as JSON, text as it is with `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** The call may reach the server twice: it reads, or the server recognises it. GET always may. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const PAUSE_MAX_MS = 30_000;
/** Held answers and streams may stay silent for long: the limits are ours, one per exchange. */
const LINKS = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });

/**
 * One HTTP exchange with the API: token, time limit, problem details as errors, and the repeats that are safe. Throws the
 * server's problem as an AppError, `client.unreachable`, `client.timeout`, or `kernel.aborted` when `signal` ended it.
 */
export class Transport {
  readonly clock: Clock;
  private readonly base: string;

  constructor(private readonly options: ClientOptions) {
    this.clock = options.clock ?? new SystemClock();
    this.base = `${options.url.replace(/\/+$/, '')}/api/v1`;
  }

  /** A transport to the same server with another token. */
  withToken(token: string): Transport {
    return new Transport({ ...this.options, token });
  }

  async json<T>(request: ApiRequest): Promise<T> {
    return parseJson(await this.call(request)) as T;
  }

  /** Exchanges and reads the body. 503 is tried again, honouring Retry-After; a lost link only when that is harmless. */
  async call(request: ApiRequest): Promise<ApiAnswer> {
    const repeatable = request.repeatable ?? (request.method ?? 'GET') === 'GET';
    const retriesMax = repeatable ? (this.options.retriesMax ?? 4) : 0;
    for (let attempt = 0; ; attempt++) {
      const answer = await this.exchange(request);
      if (answer.status < 400) return answer;
      const retryAfterSeconds = secondsUntil(answer.headers.get('retry-after'), this.clock.now());
      if (answer.status !== 503 || attempt >= retriesMax) {
        throw errorOfProblem(answer.status, tryJson(answer.text), retryAfterSeconds);
      }
      const pauseMs = retryAfterSeconds === undefined ? 250 * 2 ** attempt : retryAfterSeconds * 1000;
      await this.clock.sleep(Math.min(pauseMs, PAUSE_MAX_MS), request.signal);
    }
  }

  /** Opens a stream: answers when the headers are there; the caller reads and aborts through `signal`. */
  async open(request: ApiRequest & { readonly signal: AbortSignal }): Promise<Response> {
    const response = await this.fetch(request, request.signal);
    if (response.ok && response.body !== null) return response;
    throw errorOfProblem(response.status, tryJson(await response.text()));
  }

  private async exchange(request: ApiRequest): Promise<ApiAnswer> {
    const limit = new AbortController();
    const timeoutMs = request.timeoutMs ?? this.options.timeoutMs ?? 30_000;
    const timer = this.clock.setTimer(timeoutMs, () => limit.abort());
    try {
      const signal = request.signal ? AbortSignal.any([limit.signal, request.signal]) : limit.signal;
      const response = await this.fetch(request, signal);
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      if (request.signal?.aborted || !limit.signal.aborted) throw error;
      throw errorWithoutAnswer('client.timeout', `no answer from ${this.base} within ${timeoutMs / 1000} s`);
    } finally {
      timer.cancel();
    }
  }

  private async fetch(request: ApiRequest, signal: AbortSignal): Promise<Response> {
    const url = new URL(`${this.base}${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    try {
      return await fetch(url, { ...this.initOf(request), signal, redirect: 'error', dispatcher: LINKS });
    } catch (error) {
      if (signal.aborted) throw error;
      throw errorWithoutAnswer('client.unreachable', `${this.options.url} does not answer: ${reasonOf(error)}`, {
        action: 'check the address, and that Rackwright is running (npm start)',
        cause: error,
      });
    }
  }

  private initOf(request: ApiRequest): RequestInit {
    const { body, contentType } = request;
    const isText = typeof body === 'string';
    return {
      method: request.method ?? 'GET',
      headers: {
        accept: 'application/json',
        'user-agent': this.options.userAgent ?? 'rackwright-client',
        ...(this.options.token === undefined ? {} : { authorization: `Bearer ${this.options.token}` }),
        ...(body === undefined ? {} : { 'content-type': contentType ?? (isText ? 'text/plain' : 'application/json') }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    };
  }
}

/** A path of one segment per value, each safe whatever a person typed. */
export function pathOf(...segments: readonly string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
}

/** Retry-After in seconds from now; both forms of RFC 9110. */
export function secondsUntil(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now.getTime()) / 1000));
}

function parseJson(answer: ApiAnswer): unknown {
  if (answer.text === '') return undefined;
  const value = tryJson(answer.text);
  if (value !== undefined) return value;
  throw errorWithoutAnswer('client.bad-answer', 'the answer is no JSON: is this the address of Rackwright?');
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code of the system (`ECONNREFUSED`) where there is one: fetch hides it in the cause. */
function reasonOf(error: unknown): string {
  const cause = isRecord(error) && error['cause'] !== undefined ? error['cause'] : error;
  const code = (cause as { code?: unknown }).code;
  return typeof code === 'string' ? code : messageOf(cause);
}
