import {
  endCall,
  settle,
  settleRead,
  type DeviceCall,
  type DeviceConnection,
  type DeviceEndpoint,
  type DeviceIdentity,
  type DeviceResult,
  type Observed,
  type PortState,
  type PortStatePort,
  type PortVlanPort,
  type PortVlans,
  type ReadResult,
  type SwitchPortReading,
} from '@rackwright/driver-core';
import { OvsdbConnection, parseOvsdbAddress, type OvsdbAddress } from './ovsdb-connection.js';
import { readSwitch, writePort, type SwitchSnapshot } from './ovsdb-transact.js';
import type { PortRow } from './ovsdb-values.js';
import {
  carries,
  closedColumns,
  columnsOf,
  isClosed,
  isValidVlans,
  openColumns,
  readingOf,
  readVlans,
  sameColumns,
  type PortColumns,
} from './port-layout.js';

export interface OvsdbDriverOptions {
  /** Client certificate, where ovsdb-server asks for one (`--ca-cert`). */
  readonly client?: { readonly keyPem: string; readonly certPem: string };
  /**
   * Ports that may carry the parking VLAN although they are not protected, e.g. an uplink that is filtered further on.
   * Every other such port makes a close end in `conflict`: what shares the parking VLAN unprotected reaches the server.
   */
  readonly parkingMembersTolerated?: readonly string[];
}

/** Makes a driver for one Open vSwitch. Throws `ovsdb.invalid-address`. */
export function createOvsdbDriver(endpoint: DeviceEndpoint, options: OvsdbDriverOptions = {}): OvsdbDriver {
  return new OvsdbDriver(endpoint, options);
}

export class OvsdbDriver implements PortVlanPort, PortStatePort, DeviceConnection {
  private readonly address: OvsdbAddress;
  private readonly source: string;

  constructor(
    private readonly endpoint: DeviceEndpoint,
    private readonly options: OvsdbDriverOptions,
  ) {
    this.address = parseOvsdbAddress(endpoint.address, endpoint.trust !== undefined);
    this.source = `${this.address.tls ? 'ssl' : 'tcp'}:${this.address.host}:${this.address.port}`;
  }

  /** OVSDB knows no serial: a switch is known by its address and, with TLS, by its certificate. */
  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    return this.read(call, ({ global }) => ({
      vendor: 'Open vSwitch',
      ...(global.ovs_version === undefined ? {} : { firmware: global.ovs_version }),
    }));
  }

  /** Nothing to end: connections live no longer than a call. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  listPorts(call: DeviceCall): Promise<ReadResult<readonly SwitchPortReading[]>> {
    return this.read(call, (snapshot) => snapshot.ports.map((row) => this.reading(snapshot, row)));
  }

  readPort(port: string, call: DeviceCall): Promise<ReadResult<SwitchPortReading>> {
    return this.read(call, (snapshot) => this.reading(snapshot, portOf(snapshot, port)));
  }

  /** On a closed port the VLANs are prepared (kept in `external_ids`) and take effect when it is opened. */
  ensureVlans(port: string, want: PortVlans, call: DeviceCall): Promise<DeviceResult<SwitchPortReading>> {
    if (!isValidVlans(want)) return Promise.resolve(invalidVlans('VLANs are 1..4094, each once'));
    return this.change(port, call, (columns) =>
      isClosed(columns) ? closedColumns(columns.tag ?? 0, want) : openColumns(want),
    );
  }

  /** Closing forgets the VLANs of an open port; opening gives a closed port the prepared VLANs, or none at all. */
  ensurePortState(
    port: string,
    want: PortState,
    parkingVlan: number,
    call: DeviceCall,
  ): Promise<DeviceResult<SwitchPortReading>> {
    if (!isValidVlans({ native: parkingVlan, tagged: [] })) {
      return Promise.resolve(invalidVlans('the parking VLAN is 1..4094'));
    }
    const plan = (columns: PortColumns): PortColumns =>
      want === 'open' ? opened(columns) : closedColumns(parkingVlan, preparedOf(columns));
    return this.change(port, call, plan, want === 'closed' ? parkingVlan : undefined);
  }

  private read<T>(call: DeviceCall, view: (snapshot: SwitchSnapshot) => T): Promise<ReadResult<T>> {
    return settleRead(() =>
      this.connected(call, async (connection) => {
        const snapshot = await readSwitch(connection, call);
        return { kind: 'done' as const, observed: this.observe(view(snapshot), snapshot, call) };
      }),
    );
  }

  private change(
    port: string,
    call: DeviceCall,
    plan: (columns: PortColumns) => PortColumns,
    parkingVlan?: number,
  ): Promise<DeviceResult<SwitchPortReading>> {
    return settle(() =>
      this.connected(call, async (connection) => {
        const before = await readSwitch(connection, call);
        const row = portOf(before, port);
        const columns = plan(columnsOf(row));
        if (sameColumns(columnsOf(row), columns)) {
          return this.judge(
            before,
            { port, columns, applied: before.global.next_cfg, changed: false, parkingVlan },
            call,
          );
        }
        const applied = await writePort(connection, { row, raw: before.raw(row), columns }, call);
        const after = await readSwitch(connection, call);
        return this.judge(after, { port, columns, applied, changed: true, parkingVlan }, call);
      }),
    );
  }

  /** Says what the row and the counters prove: the database is not the data plane, so `cur_cfg` decides. */
  private judge(snapshot: SwitchSnapshot, wanted: Wanted, call: DeviceCall): DeviceResult<SwitchPortReading> {
    const row = portOf(snapshot, wanted.port);
    const observed = this.observe(this.reading(snapshot, row), snapshot, call);
    if (!sameColumns(columnsOf(row), wanted.columns)) {
      return { kind: 'conflict', message: `${wanted.port} was changed by somebody else`, observed };
    }
    if (snapshot.global.cur_cfg < wanted.applied) return { kind: 'pending', handle: { kind: 'settling' }, observed };
    const exposed = wanted.parkingVlan === undefined ? [] : this.exposedTo(snapshot, row);
    if (exposed.length > 0) {
      const message = `${wanted.port} rests in VLAN ${wanted.parkingVlan}, but unprotected ports carry that VLAN: ${exposed.join(', ')}`;
      return { kind: 'conflict', message, observed };
    }
    return { kind: 'done', observed, changed: wanted.changed };
  }

  /** A port that looks closed but shares its parking VLAN with an unprotected port is open to that port. */
  private reading(snapshot: SwitchSnapshot, row: PortRow): SwitchPortReading {
    const reading = readingOf(row, snapshot.linkUp(row));
    const exposed = reading.state === 'closed' && this.exposedTo(snapshot, row).length > 0;
    return exposed ? { ...reading, state: 'open' } : reading;
  }

  /** Ports of the same bridge through which a closed port could still be reached. */
  private exposedTo(snapshot: SwitchSnapshot, closed: PortRow): string[] {
    const parkingVlan = closed.tag ?? 0;
    const bridge = snapshot.bridges.find((candidate) => candidate.ports.includes(closed._uuid));
    const tolerated = this.options.parkingMembersTolerated ?? [];
    return snapshot.ports
      .filter((row) => row._uuid !== closed._uuid && (bridge?.ports.includes(row._uuid) ?? true))
      .filter((row) => !row.protected && carries(columnsOf(row), parkingVlan) && !tolerated.includes(row.name))
      .map((row) => row.name);
  }

  private observe<T>(value: T, snapshot: SwitchSnapshot, call: DeviceCall): Observed<T> {
    return { value, at: call.clock.now(), source: this.source, etag: String(snapshot.global.next_cfg) };
  }

  private async connected<T>(call: DeviceCall, work: (connection: OvsdbConnection) => Promise<T>): Promise<T> {
    const { trust } = this.endpoint;
    const { client } = this.options;
    const connection = await OvsdbConnection.open(
      { address: this.address, trust, ...(client ? { client } : {}) },
      call,
    );
    try {
      return await work(connection);
    } finally {
      connection.close();
    }
  }
}

interface Wanted {
  readonly port: string;
  readonly columns: PortColumns;
  /** Value of `next_cfg` that the data plane must have reached. */
  readonly applied: number;
  readonly changed: boolean;
  readonly parkingVlan: number | undefined;
}

function portOf(snapshot: SwitchSnapshot, port: string): PortRow {
  const row = snapshot.ports.find((candidate) => candidate.name === port);
  return row ?? endCall({ kind: 'refused', code: 'ovsdb.no-such-port', message: `the switch has no port "${port}"` });
}

function preparedOf(columns: PortColumns): PortVlans | undefined {
  return isClosed(columns) ? readVlans(columns.prepared) : undefined;
}

/** A closed port opens to what was prepared; an open one stays as it is, unless it carries everything. */
function opened(columns: PortColumns): PortColumns {
  if (isClosed(columns)) return openColumns(preparedOf(columns) ?? { tagged: [] });
  if (columns.mode !== 'access' && columns.trunks.length === 0) return openColumns({ tagged: [] });
  return { ...columns, isProtected: false, closedMark: false, prepared: undefined };
}

function invalidVlans(message: string): DeviceResult<never> {
  return { kind: 'refused', code: 'ovsdb.invalid-vlans', message };
}
