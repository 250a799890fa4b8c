import { endCall, type DeviceCall } from '@rackwright/driver-core';
import { z } from 'zod';
import type { OvsdbConnection } from './ovsdb-connection.js';
import { BUSY_RETRY_AFTER_MS, OVSDB_ERRORS } from './ovsdb-errors.js';
import {
  bridgeRowSchema,
  interfaceRowSchema,
  portRowSchema,
  switchRowSchema,
  type BridgeRow,
  type PortRow,
  type SwitchRow,
} from './ovsdb-values.js';
import { rowOf, type PortColumns } from './port-layout.js';

const DATABASE = 'Open_vSwitch';
/** What decides a port's VLANs: compared by `wait` exactly as it was read. */
const COMPARED = ['tag', 'trunks', 'vlan_mode', 'protected', 'external_ids'] as const;

/** Everything the driver reads, from one transaction and therefore of one moment. */
export interface SwitchSnapshot {
  readonly global: SwitchRow;
  /** All ports but the bridges' own local ports. */
  readonly ports: readonly PortRow[];
  readonly bridges: readonly BridgeRow[];
  /** The port's row as the server wrote it, for a compare-and-set. */
  raw(row: PortRow): Readonly<Record<string, unknown>>;
  /** True when every interface of the port has link, false when one has not, undefined when the switch does not say. */
  linkUp(row: PortRow): boolean | undefined;
}

const resultSchema = z.union([
  z.null(),
  z.object({
    error: z.string().optional(),
    details: z.string().optional(),
    count: z.number().int().optional(),
    rows: z.array(z.record(z.string(), z.unknown())).max(65_536).optional(),
  }),
]);

/** Sends one atomic transaction; an `error` anywhere in the answer means that nothing of it happened. */
async function transact(
  connection: OvsdbConnection,
  operations: readonly unknown[],
  send: { target: string; mutating: boolean },
  call: DeviceCall,
): Promise<{ count?: number | undefined; rows?: Record<string, unknown>[] | undefined }[]> {
  const answer = await connection.request('transact', [DATABASE, ...operations], send, call);
  const results = z.array(resultSchema).safeParse(answer);
  if (!results.success) return unparseable('transact');
  for (const result of results.data) if (result?.error !== undefined) failed(result.error, result.details);
  const complete = results.data.filter((result) => result !== null);
  return complete.length === operations.length ? complete : unparseable('transact');
}

function failed(error: string, details: string | undefined): never {
  const message = `${error}${details ? `: ${details.slice(0, 300)}` : ''}`;
  const kind = OVSDB_ERRORS.get(error) ?? 'refused';
  if (kind === 'conflict') endCall({ kind, message: `the port was changed by somebody else (${message})` });
  if (kind === 'busy') endCall({ kind, retryAfterMs: BUSY_RETRY_AFTER_MS, message });
  if (kind === 'unknown') endCall({ kind, why: 'lost-response', message });
  endCall({ kind: 'refused', code: 'ovsdb.transaction-refused', message });
}

function unparseable(what: string): never {
  endCall({ kind: 'unknown', why: 'unparseable', message: `the switch's answer to ${what} is not usable` });
}

const select = (table: string, columns: readonly string[]): unknown => ({ op: 'select', table, where: [], columns });

function rowsOf<T>(schema: z.ZodType<T>, rows: unknown, table: string): T[] {
  const parsed = z.array(schema).safeParse(rows);
  return parsed.success ? parsed.data : unparseable(`table ${table}`);
}

/** Reads ports, bridges, links and the configuration counters in one transaction. */
export async function readSwitch(connection: OvsdbConnection, call: DeviceCall): Promise<SwitchSnapshot> {
  const operations = [
    select('Open_vSwitch', ['cur_cfg', 'next_cfg', 'ovs_version']),
    select('Bridge', ['name', 'ports']),
    select('Port', ['_uuid', 'name', 'interfaces', ...COMPARED]),
    select('Interface', ['_uuid', 'link_state']),
  ];
  const [globals, bridgeRows, portRows, interfaceRows] = await transact(
    connection,
    operations,
    { target: 'ports', mutating: false },
    call,
  );
  const global = rowsOf(switchRowSchema, globals?.rows, 'Open_vSwitch')[0] ?? unparseable('table Open_vSwitch');
  const bridges = rowsOf(bridgeRowSchema, bridgeRows?.rows, 'Bridge');
  const local = new Set(bridges.map((bridge) => bridge.name));
  const ports = rowsOf(portRowSchema, portRows?.rows, 'Port');
  const raws = new Map(ports.map((port, index) => [port._uuid, portRows?.rows?.[index] ?? {}]));
  const links = new Map(
    rowsOf(interfaceRowSchema, interfaceRows?.rows, 'Interface').map((row) => [row._uuid, row.link_state]),
  );
  return {
    global,
    bridges,
    ports: ports.filter((port) => !local.has(port.name)),
    raw: (row) => raws.get(row._uuid) ?? {},
    linkUp: (row) => {
      const states = row.interfaces.map((id) => links.get(id));
      if (states.length === 0 || states.includes(undefined)) return undefined;
      return states.every((state) => state === 'up');
    },
  };
}

/**
 * Compare-and-set of one port row, with a bump of `next_cfg`. Returns the bumped value: the data plane has applied the
 * change when `cur_cfg` reaches it. An `update` that matches no row is no error to OVSDB, so the count is checked.
 */
export async function writePort(
  connection: OvsdbConnection,
  change: { readonly row: PortRow; readonly raw: Readonly<Record<string, unknown>>; readonly columns: PortColumns },
  call: DeviceCall,
): Promise<number> {
  const where = [['name', '==', change.row.name]];
  const compared = Object.fromEntries(COMPARED.map((column) => [column, change.raw[column]]));
  const results = await transact(
    connection,
    [
      { op: 'wait', table: 'Port', where, columns: COMPARED, until: '==', rows: [compared], timeout: 0 },
      { op: 'update', table: 'Port', where, row: rowOf(change.columns, change.row.external_ids) },
      { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['next_cfg', '+=', 1]] },
      select('Open_vSwitch', ['cur_cfg', 'next_cfg']),
    ],
    { target: `Port/${change.row.name}`, mutating: true },
    call,
  );
  if (results[1]?.count !== 1)
    unparseable(`the update of ${change.row.name} (count ${results[1]?.count ?? 'missing'})`);
  const counters = z.array(z.object({ next_cfg: z.number().int() })).safeParse(results[3]?.rows);
  return counters.data?.[0]?.next_cfg ?? unparseable('the configuration counter');
}
