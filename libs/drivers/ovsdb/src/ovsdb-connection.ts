import { connect as connectTcp, type Socket } from 'node:net';
import {
  connectPinned,
  endCall,
  gatedSend,
  tryParseDeviceJson,
  withinDeadline,
  CallEnding,
  type DeviceCall,
  type TlsTrust,
  type UnknownReason,
} from '@rackwright/driver-core';
import { AppError, messageOf } from '@rackwright/kernel';
import { z } from 'zod';
import { JsonStream } from './json-stream.js';

export interface OvsdbAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Reads `tcp:host:port`, `ssl:host:port` or `host:port` (TLS when trust is configured). Throws `ovsdb.invalid-address`. */
export function parseOvsdbAddress(text: string, hasTrust: boolean): OvsdbAddress {
  const match = /^(?:(tcp|ssl):(?:\/\/)?)?(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[4] ?? 6640);
  const host = match?.[2] ?? match?.[3];
  if (!match || host === undefined || port < 1 || port > 65_535) {
    throw new AppError('ovsdb.invalid-address', `"${text}" is not tcp:host:port, ssl:host:port or host:port`);
  }
  return { host, port, tls: match[1] === undefined ? hasTrust : match[1] === 'ssl' };
}

const messageSchema = z.object({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.array(z.unknown()).optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

export interface OvsdbConnectionOptions {
  readonly address: OvsdbAddress;
  readonly trust: TlsTrust | undefined;
  readonly client?: { readonly keyPem: string; readonly certPem: string };
}

/**
 * One TCP or TLS connection for one driver call, with one request in flight. It lives no longer than the call, so that
 * no request of ours can sit in a forgotten socket. Answers the server's `echo` (it drops clients that do not).
 */
export class OvsdbConnection {
  private readonly stream = new JsonStream();
  private waiting: { id: number; resolve: (result: unknown) => void; reject: (error: unknown) => void } | undefined;
  private nextId = 1;

  private constructor(
    private readonly socket: Socket,
    private readonly where: string,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => this.onData(String(chunk)));
    socket.on('error', (error) => this.fail('connection-reset', messageOf(error)));
    socket.on('close', () => this.fail('lost-response', 'the connection was closed'));
  }

  static async open(options: OvsdbConnectionOptions, call: DeviceCall): Promise<OvsdbConnection> {
    const { host, port, tls } = options.address;
    const { trust, client } = options;
    const socket = await withinDeadline<Socket>(call, (signal) =>
      tls ? connectPinned({ host, port, trust, signal, ...(client ? { client } : {}) }) : plain(host, port, signal),
    );
    return new OvsdbConnection(socket, `${host}:${port}`);
  }

  /** Sends one request through the gate. A timeout, a lost connection or nonsense ends the call as `unknown`. */
  async request(
    method: string,
    params: readonly unknown[],
    send: { target: string; mutating: boolean },
    call: DeviceCall,
  ): Promise<unknown> {
    return gatedSend(call, { device: this.where, verb: method, ...send }, () =>
      withinDeadline(call, (signal) => this.exchange(method, params, signal)),
    );
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private exchange(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      const onAbort = (): void => this.fail('timeout', 'no answer in time');
      this.waiting = {
        id,
        resolve: (result) => (signal.removeEventListener('abort', onAbort), resolve(result)),
        reject: (error) => (signal.removeEventListener('abort', onAbort), reject(error)),
      };
      if (signal.aborted || this.socket.destroyed) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.socket.write(JSON.stringify({ method, params, id }));
    });
  }

  private onData(chunk: string): void {
    try {
      for (const text of this.stream.push(chunk)) this.onMessage(text);
    } catch (error) {
      this.fail('unparseable', messageOf(error));
    }
  }

  private onMessage(text: string): void {
    const parsed = messageSchema.safeParse(tryParseDeviceJson(text));
    if (!parsed.success) return this.fail('unparseable', 'a message is not JSON-RPC');
    const { id, method, params, result, error } = parsed.data;
    if (method === 'echo') return void this.socket.write(JSON.stringify({ id, result: params ?? [], error: null }));
    // Other notifications and answers to nobody are dropped: a late answer must not be taken for the current one.
    const { waiting } = this;
    if (method !== undefined || waiting === undefined || waiting.id !== id) return;
    const { resolve, reject } = waiting;
    this.waiting = undefined;
    if (error === null || error === undefined) return resolve(result);
    reject(
      new CallEnding({
        kind: 'refused',
        code: 'ovsdb.rpc-error',
        message: `${this.where}: ${JSON.stringify(error).slice(0, 500)}`,
      }),
    );
  }

  private fail(why: UnknownReason, message: string): void {
    const { waiting } = this;
    this.waiting = undefined;
    this.socket.destroy();
    waiting?.reject(new CallEnding({ kind: 'unknown', why, message: `${this.where}: ${message}` }));
  }
}

async function plain(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port });
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(new Error('aborted'));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('connect', resolve).once('error', reject);
    });
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    const why = signal.aborted ? 'timeout' : 'connection-reset';
    return endCall({ kind: 'unknown', why, message: `no connection to ${host}:${port}: ${messageOf(error)}` });
  }
}
