import type { Socket } from 'node:net';
import type { Clock, Timer } from '@rackwright/kernel';
import type { FaultEffect } from '../../face.js';
import { isRecord, tryJson } from '../device-http.js';
import { JsonStream } from './json-stream.js';
import type { LockBook } from './ovsdb-locks.js';
import { Monitor, type MonitorVersion } from './ovsdb-monitor.js';
import { DATABASE, schemaJson } from './ovsdb-schema.js';
import type { OvsdbStore } from './ovsdb-store.js';
import { OvsdbError } from './ovsdb-value.js';

/** What a connection needs of its server. */
export interface OvsdbHost {
  readonly clock: Clock;
  readonly store: OvsdbStore;
  readonly locks: LockBook<OvsdbConnection>;
  readonly probeMs: number;
  /** Called before a request that reads or changes rows. */
  beforeRequest(): void;
  faultFor(verb: string, body: unknown): FaultEffect | undefined;
  /** Tells the data plane what went wrong with the transaction that is about to run. */
  plan(fault: FaultEffect | undefined): void;
  closed(connection: OvsdbConnection): void;
}

interface Request {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

const MONITORS: Readonly<Record<string, MonitorVersion>> = { monitor: 1, monitor_cond: 2, monitor_cond_since: 3 };
const NO_TRANSACTION = '00000000-0000-0000-0000-000000000000';

/** One JSON-RPC client. Requests are answered in order of completion; a `wait` holds up nobody else. */
export class OvsdbConnection {
  private readonly stream = new JsonStream();
  private readonly monitors = new Map<string, Monitor>();
  private readonly stopListening: () => void;
  private probe: Timer | undefined;
  private probed = false;

  constructor(
    private readonly socket: Socket,
    private readonly host: OvsdbHost,
  ) {
    this.stopListening = host.store.onCommit((changes) => {
      for (const monitor of this.monitors.values()) {
        const updates = monitor.update(changes);
        if (updates) this.sendUpdate(monitor, updates);
      }
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => this.receive(String(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.close());
    this.armProbe();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Sends a notification: a request without an id. */
  notify(method: string, params: readonly unknown[]): void {
    this.send({ id: null, method, params });
  }

  private close(): void {
    this.probe?.cancel();
    this.stopListening();
    this.host.locks.releaseAll(this);
    this.host.closed(this);
  }

  private receive(chunk: string): void {
    this.probed = false;
    this.armProbe();
    try {
      for (const text of this.stream.push(chunk)) this.dispatch(tryJson(text));
    } catch {
      this.socket.destroy();
    }
  }

  /** A client that is silent gets an echo request; one that does not answer it in time is dropped. */
  private armProbe(): void {
    this.probe?.cancel();
    if (this.host.probeMs <= 0) return;
    this.probe = this.host.clock.setTimer(this.host.probeMs, () => {
      if (this.probed) return this.socket.destroy();
      this.probed = true;
      this.send({ id: 'echo', method: 'echo', params: [] });
      this.armProbe();
    });
  }

  private dispatch(message: unknown): void {
    if (!isRecord(message)) return this.destroy();
    if (message['method'] === undefined) return;
    const { id, method, params } = message;
    const request = { id, method: String(method), params: Array.isArray(params) ? (params as unknown[]) : [] };
    this.serve(request).catch(() => this.destroy());
  }

  private async serve(request: Request): Promise<void> {
    const fault = this.host.faultFor(request.method, request.params);
    if (fault?.kind === 'lose-request') return this.destroy();
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'delay') await this.host.clock.sleep(fault.delayMs);
    if (fault?.kind === 'status')
      return this.reply(request, undefined, { error: 'internal error', details: 'out of service' });
    if (fault?.kind === 'accept-and-ignore')
      return this.reply(
        request,
        request.params.slice(1).map(() => ({ count: 1 })),
      );
    this.host.plan(fault);
    const outcome = await this.outcomeOf(request);
    if (fault?.kind === 'lose-response') return this.destroy();
    if (fault?.kind === 'truncate') {
      this.socket.write(JSON.stringify({ id: request.id, result: outcome.result }).slice(0, 12), () => this.destroy());
      return;
    }
    if (request.id === null) return;
    this.reply(request, outcome.result, outcome.error);
  }

  private async outcomeOf(request: Request): Promise<{ result?: unknown; error?: unknown }> {
    try {
      return { result: await this.call(request) };
    } catch (error) {
      if (error instanceof OvsdbError) return { error: error.json() };
      throw error;
    }
  }

  private call({ method, params }: Request): unknown {
    const { locks, store } = this.host;
    const version = MONITORS[method];
    if (version !== undefined) return this.startMonitor(version, params);
    switch (method) {
      case 'echo':
        return params;
      case 'list_dbs':
        return [DATABASE];
      case 'get_schema':
        requireDatabase(params[0]);
        return schemaJson();
      case 'get_server_id':
        return NO_TRANSACTION;
      case 'transact':
        requireDatabase(params[0]);
        this.host.beforeRequest();
        return store.transact(params.slice(1), (lock) => locks.owns(this, lock));
      case 'monitor_cancel':
        return this.cancelMonitor(params[0]);
      case 'lock':
        return { locked: locks.lock(this, String(params[0])) };
      case 'steal':
        return { locked: locks.steal(this, String(params[0])) };
      case 'unlock':
        locks.unlock(this, String(params[0]));
        return {};
      default:
        throw new OvsdbError('unknown method', method);
    }
  }

  private startMonitor(version: MonitorVersion, [database, id, requests]: readonly unknown[]): unknown {
    requireDatabase(database);
    this.host.beforeRequest();
    const key = JSON.stringify(id);
    if (this.monitors.has(key)) throw new OvsdbError('syntax error', 'duplicate monitor id');
    const monitor = new Monitor(id, version, requests);
    this.monitors.set(key, monitor);
    const initial = monitor.initial(this.host.store.tables);
    return version === 3 ? [false, NO_TRANSACTION, initial] : initial;
  }

  private cancelMonitor(id: unknown): unknown {
    if (this.monitors.delete(JSON.stringify(id))) return {};
    throw new OvsdbError('unknown monitor', JSON.stringify(id));
  }

  private sendUpdate(monitor: Monitor, updates: unknown): void {
    if (monitor.version === 3) this.notify('update3', [monitor.id, NO_TRANSACTION, updates]);
    else this.notify(monitor.version === 2 ? 'update2' : 'update', [monitor.id, updates]);
  }

  private reply({ id }: Request, result: unknown, error?: unknown): void {
    this.send(error === undefined ? { id, result: result ?? {}, error: null } : { id, result: null, error });
  }

  private send(message: unknown): void {
    if (!this.socket.destroyed) this.socket.write(JSON.stringify(message));
  }
}

function requireDatabase(name: unknown): void {
  if (name !== DATABASE) throw new OvsdbError('unknown database', String(name));
}
