import type { PortVlans, SwitchPortReading } from '@rackwright/driver-core';
import { setOf, type PortRow } from './ovsdb-values.js';

/** Our marks in `Port.external_ids`. */
export const MARKS = { state: 'rw_state', vlans: 'rw_vlans' } as const;

/**
 * VLAN id that no frame of a server can carry (reserved by IEEE 802.1Q). A trunk of only this VLAN carries nothing;
 * `trunks: []` would carry everything.
 */
export const DEAD_VLAN = 4095;

/** The columns of a port row that decide what it carries. */
export interface PortColumns {
  readonly tag: number | undefined;
  readonly trunks: readonly number[];
  readonly mode: string;
  readonly isProtected: boolean;
  readonly closedMark: boolean;
  /** VLANs prepared for the day the port is opened, as text; only on closed ports. */
  readonly prepared: string | undefined;
}

const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

export function columnsOf(row: PortRow): PortColumns {
  return {
    tag: row.tag,
    trunks: ascending(row.trunks),
    // Schema default: access when a tag is set, else trunk.
    mode: row.vlan_mode ?? (row.tag === undefined ? 'trunk' : 'access'),
    isProtected: row.protected,
    closedMark: row.external_ids.get(MARKS.state) === 'closed',
    prepared: row.external_ids.get(MARKS.vlans),
  };
}

/** Columns of an open port that carries exactly `vlans`. */
export function openColumns(vlans: PortVlans): PortColumns {
  const tagged = ascending(vlans.tagged);
  const base = { isProtected: false, closedMark: false, prepared: undefined };
  if (vlans.native === undefined) {
    return { ...base, tag: undefined, trunks: tagged.length > 0 ? tagged : [DEAD_VLAN], mode: 'trunk' };
  }
  if (tagged.length === 0) return { ...base, tag: vlans.native, trunks: [], mode: 'access' };
  return { ...base, tag: vlans.native, trunks: tagged, mode: 'native-untagged' };
}

/** Columns of a closed port: access to the parking VLAN, protected, marked; `prepared` waits for the opening. */
export function closedColumns(parkingVlan: number, prepared: PortVlans | undefined): PortColumns {
  return {
    tag: parkingVlan,
    trunks: [],
    mode: 'access',
    isProtected: true,
    closedMark: true,
    prepared: prepared === undefined ? undefined : writeVlans(prepared),
  };
}

/** `native/tagged,tagged`: `10/20,30`, `/20`, `10/`. */
export function writeVlans(vlans: PortVlans): string {
  return `${vlans.native ?? ''}/${ascending(vlans.tagged).join(',')}`;
}

/** Reads what {@link writeVlans} wrote; undefined for anything else (the database is writable by others). */
export function readVlans(text: string | undefined): PortVlans | undefined {
  const match = /^(\d{1,4})?\/((?:\d{1,4}(?:,\d{1,4})*)?)$/.exec(text ?? '');
  if (!match) return undefined;
  const tagged = match[2] === '' ? [] : (match[2] ?? '').split(',').map(Number);
  const vlans = { ...(match[1] === undefined ? {} : { native: Number(match[1]) }), tagged: ascending(tagged) };
  return isValidVlans(vlans) ? vlans : undefined;
}

/** True for VLANs 1..4094, the native one not among the tagged ones. */
export function isValidVlans(vlans: PortVlans): boolean {
  const valid = (vlan: number): boolean => Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094;
  return (
    vlans.tagged.every(valid) &&
    (vlans.native === undefined || (valid(vlans.native) && !vlans.tagged.includes(vlans.native)))
  );
}

export function sameColumns(a: PortColumns, b: PortColumns): boolean {
  return (
    a.tag === b.tag &&
    a.mode === b.mode &&
    a.isProtected === b.isProtected &&
    a.closedMark === b.closedMark &&
    a.prepared === b.prepared &&
    a.trunks.length === b.trunks.length &&
    a.trunks.every((vlan, index) => vlan === b.trunks[index])
  );
}

/** A port is closed only when all of it is in place; half of it is open. */
export function isClosed(columns: PortColumns): boolean {
  return (
    columns.closedMark &&
    columns.isProtected &&
    columns.mode === 'access' &&
    columns.tag !== undefined &&
    columns.tag !== 0
  );
}

/** True when frames of this VLAN pass the port, tagged or not. */
export function carries(columns: PortColumns, vlan: number): boolean {
  if (columns.mode === 'access') return columns.tag === vlan;
  return columns.trunks.length === 0 || columns.trunks.includes(vlan) || columns.tag === vlan;
}

function openVlans(columns: PortColumns): PortVlans {
  const untagged = columns.mode === 'trunk' ? undefined : columns.tag;
  const native = untagged === 0 ? undefined : untagged;
  const tagged = columns.mode === 'access' ? [] : columns.trunks;
  return {
    ...(native === undefined ? {} : { native }),
    tagged: tagged.filter((vlan) => vlan !== DEAD_VLAN && vlan !== 0 && vlan !== native),
  };
}

/** What a row means. A closed port reports the VLANs prepared for it, else the parking VLAN. */
export function readingOf(row: PortRow, linkUp: boolean | undefined): SwitchPortReading {
  const columns = columnsOf(row);
  const closed = isClosed(columns);
  const prepared = closed ? readVlans(columns.prepared) : undefined;
  return {
    port: row.name,
    vlans: prepared ?? openVlans(columns),
    state: closed ? 'closed' : 'open',
    ...(linkUp === undefined ? {} : { linkUp }),
    carriesEverything: columns.mode !== 'access' && columns.trunks.length === 0,
  };
}

/** The row part of an OVSDB `update` (and of the `wait` before it). `external_ids` keeps foreign keys. */
export function rowOf(columns: PortColumns, foreignIds: ReadonlyMap<string, string>): Record<string, unknown> {
  const ids = new Map([...foreignIds].filter(([key]) => key !== MARKS.state && key !== MARKS.vlans));
  if (columns.closedMark) ids.set(MARKS.state, 'closed');
  if (columns.prepared !== undefined) ids.set(MARKS.vlans, columns.prepared);
  return {
    tag: columns.tag === undefined ? setOf([]) : columns.tag,
    trunks: setOf(columns.trunks),
    vlan_mode: columns.mode,
    protected: columns.isProtected,
    external_ids: ['map', [...ids]],
  };
}
