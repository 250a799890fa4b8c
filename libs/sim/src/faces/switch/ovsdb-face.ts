/**
 * OVSDB (RFC 7047, JSON-RPC over TCP or TLS) of one Open vSwitch. Database `Open_vSwitch` with the tables Open_vSwitch,
 * Bridge, Port and Interface and the columns a port manager needs. Methods: echo (both ways: a client that is silent is
 * asked, and dropped when it does not answer), list_dbs, get_schema, transact with all operations, monitor,
 * monitor_cond and monitor_cond_since (conditions are not evaluated: everything matches), monitor_cancel, lock, steal,
 * unlock. The data plane is apart from the database: a commit reaches it after the switch's delay, and only then
 * `cur_cfg` follows `next_cfg`. The database survives a restart of the switch, status columns do not. Flushing learned
 * addresses is no OVSDB call (it is `ovs-appctl fdb/flush` on the machine itself) and is not offered here: the world
 * forgets addresses of a closed port by itself. Link states are filled in when a client asks and are not pushed.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { FaultEffect } from '../../face.js';
import type { DeviceFace, DeviceFaceOptions, FaceAddress } from '../device-face.js';
import { isRecord } from '../device-http.js';
import { OvsdbConnection, type OvsdbHost } from './ovsdb-connection.js';
import { OvsDataPlane } from './ovsdb-dataplane.js';
import { LockBook } from './ovsdb-locks.js';
import { OvsdbStore } from './ovsdb-store.js';
import type { SwitchBackend } from './switch-backend.js';

export interface OvsdbFaceOptions extends DeviceFaceOptions {
  /** Name of the bridge that holds the ports; default `br0`. */
  readonly bridge?: string;
  /** Silence after which a client is asked, and after as much again dropped; 0 = never. Default 5000. */
  readonly probeMs?: number;
}

export class OvsdbFace implements DeviceFace {
  readonly store: OvsdbStore;
  private readonly plane: OvsDataPlane;
  private readonly host: OvsdbHost;
  private readonly connections = new Set<OvsdbConnection>();
  private server: Server | undefined;

  constructor(
    readonly name: string,
    backend: SwitchBackend,
    private readonly options: OvsdbFaceOptions,
  ) {
    const { clock, random } = options;
    this.store = new OvsdbStore(clock, random);
    this.plane = new OvsDataPlane(this.store, backend, options.bridge ?? 'br0');
    this.host = {
      clock,
      store: this.store,
      locks: new LockBook(),
      probeMs: options.probeMs ?? 5000,
      beforeRequest: () => this.plane.refresh(),
      faultFor: (verb, body) => this.faultFor(verb, body),
      plan: (fault) => this.plane.plan(fault),
      closed: (connection) => this.connections.delete(connection),
    };
  }

  async start(): Promise<FaceAddress> {
    this.plane.start();
    const { tls, host = '127.0.0.1', port = 0 } = this.options;
    const onSocket = (socket: Socket): void => void this.connections.add(new OvsdbConnection(socket, this.host));
    const server = tls ? createTlsServer({ cert: tls.cert, key: tls.key }, onSocket) : createServer(onSocket);
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const bound = (server.address() as AddressInfo).port;
    return { host, port: bound, url: `${tls ? 'ssl' : 'tcp'}:${host}:${bound}` };
  }

  async stop(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    this.plane.stop();
    this.store.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      this.dropClients();
    });
  }

  /** Ends every connection, as a restart of ovsdb-server does; locks and monitors go with them, rows stay. */
  dropClients(): void {
    for (const connection of [...this.connections]) connection.destroy();
  }

  /** The path of a transaction for fault rules: `/transact/Port,Open_vSwitch`, the tables it changes. */
  private faultFor(verb: string, body: unknown): FaultEffect | undefined {
    const operations = verb === 'transact' && Array.isArray(body) ? body.slice(1).filter(isRecord) : [];
    const changing = operations.filter(
      ({ op }) => op === 'insert' || op === 'update' || op === 'mutate' || op === 'delete',
    );
    const tables = [...new Set(changing.map(({ table }) => String(table)))].join(',');
    return this.options.faultFor?.({ device: this.name, verb, path: `/${verb}/${tables}`, body });
  }
}
