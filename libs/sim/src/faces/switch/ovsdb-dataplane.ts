import type { FaultEffect } from '../../face.js';
import { newRow, type Row, type RowChange } from './ovsdb-database.js';
import { SCHEMA_VERSION, TABLES } from './ovsdb-schema.js';
import type { OvsdbStore } from './ovsdb-store.js';
import { sameDatum, type Atom, type Datum } from './ovsdb-value.js';
import type { OvsPortConfig, SwitchBackend, SwitchPortRow, WantedPort } from './switch-backend.js';

type MutableTables = Record<string, Map<string, Row>>;
const PORT_COLUMNS = ['tag', 'trunks', 'vlan_mode', 'protected'] as const;

/**
 * What ovs-vswitchd does beside the database: hands committed ports to the data plane, raises `cur_cfg` when it has
 * caught up, fills the status columns, and takes over what somebody changed on the switch itself.
 */
export class OvsDataPlane {
  private waiting: { ticket: number; nextCfg: number }[] = [];
  private fault: FaultEffect | undefined;
  private stopObserving: (() => void) | undefined;

  constructor(
    private readonly store: OvsdbStore,
    private readonly backend: SwitchBackend,
    private readonly bridge: string,
  ) {
    store.onCommit((changes, origin) => {
      if (origin === 'client') this.committed(changes);
      backend.store(this.dump());
    });
  }

  start(): void {
    const kept = this.backend.load();
    if (this.rootEntry() === undefined) {
      this.store.deviceChange((tables) => (kept === undefined ? this.seed(tables) : restore(tables, kept)));
    }
    this.catchUp();
    this.stopObserving = this.backend.observe((foreignPorts) => {
      if (foreignPorts.length > 0) this.adopt(foreignPorts);
      this.catchUp();
    });
  }

  stop(): void {
    this.stopObserving?.();
  }

  /** What goes wrong with the next commit of a client. */
  plan(fault: FaultEffect | undefined): void {
    this.fault = fault;
  }

  /** Status columns follow the world: links, and `cur_cfg`. */
  refresh(): void {
    const rows = new Map(this.backend.ports().map((port) => [port.name, port]));
    const stale = [...(this.store.tables['Interface'] ?? [])].filter(([, row]) => isStale(row, rows.get(nameOf(row))));
    if (stale.length === 0) return;
    this.store.deviceChange((tables) => {
      for (const [uuid, row] of stale) tables['Interface']?.set(uuid, { ...row, ...statusOf(rows.get(nameOf(row))) });
    });
  }

  private committed(changes: readonly RowChange[]): void {
    const fault = this.fault;
    this.fault = undefined;
    const ports = changes.filter(({ table, before, after }) => table === 'Port' && portChanged(before, after));
    const root = changes.find(({ table }) => table === 'Open_vSwitch');
    if (ports.length === 0 && !root) return;
    // Half-applied: the database has everything, the data plane only the first half of the ports.
    const taken = fault?.kind === 'commit-half-way' ? ports.slice(0, Math.floor(ports.length / 2)) : ports;
    const wanted = taken.map(({ before, after }): [string, WantedPort] => {
      return [nameOf((after ?? before) as Row), after && portConfig(after)];
    });
    const nextCfg = Number(this.rootEntry()?.[1]['next_cfg']?.[0] ?? 0);
    this.waiting.push({ ticket: this.backend.configure(Object.fromEntries(wanted)), nextCfg });
    this.catchUp();
  }

  private catchUp(): void {
    const applied = this.backend.applied();
    const done = this.waiting.filter(({ ticket }) => ticket <= applied);
    this.waiting = this.waiting.filter(({ ticket }) => ticket > applied);
    const curCfg = Math.max(0, ...done.map(({ nextCfg }) => nextCfg));
    const root = this.rootEntry();
    if (!root || curCfg <= Number(root[1]['cur_cfg']?.[0] ?? 0)) return;
    this.store.deviceChange((tables) => tables['Open_vSwitch']?.set(root[0], { ...root[1], cur_cfg: [curCfg] }));
  }

  private adopt(names: readonly string[]): void {
    const rows = new Map(this.backend.ports().map((port) => [port.name, port]));
    this.store.deviceChange((tables) => {
      for (const [uuid, row] of tables['Port'] ?? []) {
        const port = names.includes(nameOf(row)) ? rows.get(nameOf(row)) : undefined;
        if (port) tables['Port']?.set(uuid, { ...row, ...portColumns(port.config) });
      }
    });
  }

  private rootEntry(): [string, Row] | undefined {
    return [...(this.store.tables['Open_vSwitch'] ?? [])][0];
  }

  private seed(tables: MutableTables): void {
    const ports: string[] = [];
    this.backend.ports().forEach((port, index) => {
      const [portId, interfaceId] = [this.store.newUuid(), this.store.newUuid()];
      const status = { ...statusOf(port), ofport: [index + 1], type: ['system'] };
      tables['Interface']?.set(interfaceId, newRow('Interface', { name: [port.name], ...status }));
      const columns = portColumns(port.config);
      tables['Port']?.set(portId, newRow('Port', { name: [port.name], interfaces: [interfaceId], ...columns }));
      ports.push(portId);
    });
    const bridge = this.store.newUuid();
    tables['Bridge']?.set(bridge, newRow('Bridge', { name: [this.bridge], ports: ports.sort() }));
    const root = {
      bridges: [bridge],
      ovs_version: ['3.1.0'],
      db_version: [SCHEMA_VERSION],
      system_type: ['simulated'],
    };
    tables['Open_vSwitch']?.set(this.store.newUuid(), newRow('Open_vSwitch', root));
  }

  private dump(): string {
    return JSON.stringify(Object.entries(this.store.tables).map(([table, rows]) => [table, [...rows]]));
  }
}

/** Brings back what was kept. Status columns are ephemeral: they are filled again when somebody asks. */
function restore(tables: MutableTables, kept: string): void {
  for (const [table, rows] of JSON.parse(kept) as [string, [string, Record<string, Datum>][]][]) {
    for (const [uuid, row] of rows) {
      const ephemeral = Object.entries(TABLES[table]?.columns ?? {}).filter(([, type]) => type.ephemeral);
      tables[table]?.set(uuid, { ...row, ...Object.fromEntries(ephemeral.map(([column]) => [column, []])) });
    }
  }
}

function nameOf(row: Row): string {
  return String(row['name']?.[0] ?? '');
}

function portChanged(before: Row | undefined, after: Row | undefined): boolean {
  if (!before || !after) return true;
  return PORT_COLUMNS.some((column) => !sameDatum(before[column] ?? [], after[column] ?? []));
}

function portConfig(row: Row): OvsPortConfig {
  const [tag] = (row['tag'] ?? []) as readonly Atom[];
  const [vlanMode] = (row['vlan_mode'] ?? []) as readonly Atom[];
  return {
    trunks: ((row['trunks'] ?? []) as readonly Atom[]).map(Number),
    protected: row['protected']?.[0] === true,
    ...(tag === undefined ? {} : { tag: Number(tag) }),
    ...(vlanMode === undefined ? {} : { vlanMode: String(vlanMode) }),
  };
}

function portColumns(config: OvsPortConfig): Row {
  return {
    tag: config.tag === undefined ? [] : [config.tag],
    trunks: [...config.trunks].sort((a, b) => a - b),
    vlan_mode: config.vlanMode === undefined ? [] : [config.vlanMode],
    protected: [config.protected],
  };
}

function statusOf(port: SwitchPortRow | undefined): Record<'admin_state' | 'link_state', Datum> {
  return {
    admin_state: port ? [port.adminUp ? 'up' : 'down'] : [],
    link_state: port ? [port.linkUp ? 'up' : 'down'] : [],
  };
}

function isStale(row: Row, port: SwitchPortRow | undefined): boolean {
  const status = statusOf(port);
  return (
    !sameDatum(row['admin_state'] ?? [], status.admin_state) || !sameDatum(row['link_state'] ?? [], status.link_state)
  );
}
