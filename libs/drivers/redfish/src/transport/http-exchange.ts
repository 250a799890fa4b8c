import { connect as tlsConnect } from 'node:tls';
import { isIP } from 'node:net';
import type { UnknownReason } from '@rackwright/driver-core';
import type { Clock } from '@rackwright/kernel';
import { Agent, request, type buildConnector } from 'undici';
import { CertificateRefused, type CertificateTrust } from './certificate-trust.js';

/** The largest answer that is read; the largest real one seen is a 1.2 MB registry. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024;
export const CONNECT_TIMEOUT_MS = 5_000;
export const REQUEST_TIMEOUT_MS = 30_000;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/** How an exchange can end without a whole answer. `sent: false` = no byte of the request can have reached the device. */
export class ExchangeFailed extends Error {
  constructor(
    readonly why: UnknownReason,
    message: string,
    readonly sent: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = 'ExchangeFailed';
  }
}

export interface ExchangeBudget {
  readonly clock: Clock;
  readonly deadline: Date;
  readonly signal?: AbortSignal;
}

interface ConnectionState {
  open: boolean;
}

function connector(trust: CertificateTrust, state: ConnectionState, keepAlive: boolean): buildConnector.connector {
  return ({ hostname, port }, callback) => {
    let reported = false;
    const report = (error: Error | null): void => {
      if (reported) return;
      reported = true;
      if (error) {
        socket.destroy();
        callback(error, null);
      } else {
        state.open = true;
        callback(null, socket);
      }
    };
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = tlsConnect({
      host,
      port: Number(port) || 443,
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ['http/1.1'],
      ...trust.connectOptions(host),
    });
    socket.setKeepAlive(keepAlive);
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      try {
        trust.check(socket);
        report(null);
      } catch (error) {
        report(error as Error);
      }
    });
    socket.once('error', report);
  };
}

const UNTRUSTED_CODES = /^(ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/;

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * One device's HTTP: its own agent, its own trust, no redirects (undici's `request` follows none), answers capped in
 * size, an end to every wait. It knows nothing of Redfish.
 */
export class HttpExchange {
  private readonly agent: Agent;
  private readonly state: ConnectionState = { open: false };

  constructor(
    private readonly origin: string,
    trust: CertificateTrust,
    keepAlive: boolean,
  ) {
    this.agent = new Agent({
      connect: connector(trust, this.state, keepAlive),
      connections: 1,
      // Some BMCs drop reused connections under way, which turns an answer into an unknown.
      pipelining: keepAlive ? 1 : 0,
      keepAliveTimeout: 4_000,
    });
  }

  /** Sends once. Throws {@link ExchangeFailed} or {@link CertificateRefused}; never retries. */
  async send(message: HttpRequest, budget: ExchangeBudget): Promise<HttpAnswer> {
    this.state.open = false;
    const abort = new AbortController();
    const leftMs = Math.min(REQUEST_TIMEOUT_MS, budget.deadline.getTime() - budget.clock.now().getTime());
    if (leftMs <= 0) throw new ExchangeFailed('timeout', 'the deadline has passed', false);
    const overall = budget.clock.setTimer(leftMs, () => abort.abort());
    const connecting = budget.clock.setTimer(Math.min(leftMs, CONNECT_TIMEOUT_MS), () => {
      if (!this.state.open) abort.abort();
    });
    const onAbort = (): void => abort.abort();
    budget.signal?.addEventListener('abort', onAbort, { once: true });
    if (budget.signal?.aborted) abort.abort();
    try {
      return await this.exchange(message, abort.signal);
    } catch (error) {
      throw this.explain(error, abort.signal.aborted);
    } finally {
      overall.cancel();
      connecting.cancel();
      budget.signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async exchange(message: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await request(`${this.origin}${message.path}`, {
      dispatcher: this.agent,
      method: message.method,
      headers: message.headers,
      body: message.body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const headers = new Map<string, string>();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers.set(name.toLowerCase(), Array.isArray(value) ? (value[0] ?? '') : value);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += (chunk as Buffer).length;
      if (bytes > BODY_BYTES_MAX) {
        answer.body.destroy();
        throw new ExchangeFailed('unparseable', `the answer is larger than ${BODY_BYTES_MAX} bytes`, true);
      }
      chunks.push(chunk as Buffer);
    }
    return { status: answer.statusCode, headers, text: Buffer.concat(chunks).toString('utf8') };
  }

  private explain(error: unknown, aborted: boolean): Error {
    if (error instanceof ExchangeFailed || error instanceof CertificateRefused) return error;
    const code = codeOf(error);
    if (!this.state.open && UNTRUSTED_CODES.test(code)) {
      return new CertificateRefused('device.certificate-untrusted', `the certificate is not trusted (${code})`);
    }
    const sent = this.state.open;
    if (aborted)
      return new ExchangeFailed('timeout', sent ? 'no whole answer in time' : 'no connection in time', sent, error);
    const why: UnknownReason = sent ? 'lost-response' : 'connection-reset';
    return new ExchangeFailed(
      why,
      `${sent ? 'the connection broke' : 'no connection'} (${code || 'no code'})`,
      sent,
      error,
    );
  }
}
