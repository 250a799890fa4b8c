import { AppError, messageOf, type Clock, type RandomSource } from '@rackwright/kernel';
import {
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  nkeyAuthenticator,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { MessagingLog } from './messaging-log.js';

/** How a process signs in to NATS. */
export interface NatsConnectionOptions {
  /** One address or several, separated by commas: `nats://127.0.0.1:4222`. */
  readonly url: string;
  /** The seed of the service's nkey (`SU...`). A secret. */
  readonly seed: string;
  /** Path of the certificate authority, where the server speaks TLS. */
  readonly caFile?: string;
}

export interface LinkOptions extends NatsConnectionOptions {
  readonly service: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: MessagingLog;
}

/** Called whenever the server can be reached (again). `fresh`: a new connection without any subscription. */
export type UpListener = (connection: NatsConnection, fresh: boolean) => void;

const CONNECT_TIMEOUT_MS = 3_000;
const RETRY_MAX_MS = 3_000;

/**
 * The one connection of a process to NATS. It comes back for ever, with backoff; while it is away every request fails at
 * once instead of waiting in a buffer, because PostgreSQL is the buffer.
 */
export class NatsLink {
  private connection: NatsConnection | undefined;
  private isUp = false;
  private closing = false;
  private readonly listeners: UpListener[] = [];
  private readonly downListeners = new Set<() => void>();
  private readonly inFlight = new Set<(error: Error) => void>();
  private readonly stopped = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: LinkOptions) {}

  get up(): boolean {
    return this.isUp;
  }

  get current(): NatsConnection | undefined {
    return this.connection;
  }

  onUp(listener: UpListener): void {
    this.listeners.push(listener);
    if (this.isUp && this.connection) listener(this.connection, true);
  }

  /** Tells when the server goes away. Returns how to stop being told. */
  onDown(listener: () => void): () => void {
    this.downListeners.add(listener);
    return () => this.downListeners.delete(listener);
  }

  start(): void {
    this.running ??= this.keepConnected();
  }

  /**
   * Core NATS request.
   * @throws AppError `messaging.no-responders` at once when nobody listens, `messaging.disconnected`,
   * `messaging.forbidden` (the allow-list says no), `messaging.no-answer` after `timeoutMs`.
   */
  async request(subject: string, payload: string, options: { timeoutMs: number; headers?: MsgHdrs }) {
    const connection = this.connection;
    if (connection === undefined || !this.isUp) throw new AppError('messaging.disconnected', 'not connected to NATS');
    try {
      return await new Promise<Awaited<ReturnType<NatsConnection['request']>>>((resolve, reject) => {
        this.inFlight.add(reject);
        const { timeoutMs: timeout, headers } = options;
        connection
          .request(subject, payload, headers === undefined ? { timeout } : { timeout, headers })
          .then(resolve, reject)
          .finally(() => this.inFlight.delete(reject));
      });
    } catch (error) {
      throw requestError(error, subject);
    }
  }

  async close(): Promise<void> {
    this.closing = true;
    this.stopped.abort();
    await this.connection?.close().catch(() => undefined);
    await this.running;
  }

  private async keepConnected(): Promise<void> {
    for (let failures = 0; !this.closing; failures++) {
      try {
        const connection = await this.open();
        if (this.closing) return void (await connection.close());
        failures = 0;
        this.wentUp(connection, true);
        void this.watch(connection);
        await connection.closed();
        this.wentDown('the connection was closed');
      } catch (error) {
        this.options.log.warn(`cannot connect to NATS: ${messageOf(error)}`, { url: this.options.url });
      }
      await this.pause(failures);
    }
  }

  private async pause(failures: number): Promise<void> {
    const delayMs = Math.min(RETRY_MAX_MS, 100 * 2 ** Math.min(failures, 10)) * (0.5 + this.options.random.next() / 2);
    await this.options.clock.sleep(delayMs, this.stopped.signal).catch(() => undefined);
  }

  private open(): Promise<NatsConnection> {
    const { url, seed, caFile, service, random } = this.options;
    return connect({
      servers: url.split(',').map((server) => server.trim()),
      name: service,
      inboxPrefix: `_INBOX.${service}`,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      // Quick at first and never far apart: commands wait in the outbox meanwhile.
      reconnectDelayHandler: () => 50 + Math.round(450 * random.next()),
      pingInterval: 5_000,
      maxPingOut: 2,
      ...(caFile === undefined ? {} : { tls: { caFile } }),
    });
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.wentDown('the server went away');
      if (status.type === 'reconnect') this.wentUp(connection, false);
      if (status.type === 'error')
        this.options.log.error(`NATS: ${messageOf(status.error)}`, errorDetails(status.error));
    }
  }

  private wentUp(connection: NatsConnection, fresh: boolean): void {
    this.connection = connection;
    this.isUp = true;
    this.options.log.info(fresh ? 'connected to NATS' : 'connected to NATS again', { server: connection.getServer() });
    for (const listener of this.listeners) listener(connection, fresh);
  }

  private wentDown(why: string): void {
    if (!this.isUp) return;
    this.isUp = false;
    if (!this.closing) this.options.log.warn(`NATS: ${why}`);
    for (const listener of this.downListeners) listener();
    const error = new AppError('messaging.disconnected', why);
    for (const reject of this.inFlight) reject(error);
    this.inFlight.clear();
  }
}

function errorDetails(error: Error): Record<string, unknown> {
  return error instanceof PermissionViolationError ? { operation: error.operation, subject: error.subject } : {};
}

/** Our own code for each way a request can fail. */
export function requestError(error: unknown, subject: string): AppError {
  if (error instanceof AppError) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  const isSilent = error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
  if (isSilent) return new AppError('messaging.no-responders', `nobody listens on ${subject}`, { cause: error });
  if (error instanceof PermissionViolationError || cause instanceof PermissionViolationError) {
    return new AppError('messaging.forbidden', `this service may not publish on ${subject}`, { cause: error });
  }
  return new AppError('messaging.no-answer', `no answer on ${subject}: ${messageOf(error)}`, { cause: error });
}
