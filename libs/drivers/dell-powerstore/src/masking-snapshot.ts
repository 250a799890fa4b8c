import type { ArrayHost, ArraySession, DeviceCall, Initiator } from '@rackwright/driver-core';
import { tryParseIqn, tryParseWwn } from '@rackwright/kernel';
import { z } from 'zod';
import type { PowerStoreSession } from './powerstore-client.js';

const id = z.string().min(1).max(200);
const nullable = <T>(schema: z.ZodType<T>): z.ZodType<T | undefined> =>
  schema.nullish().transform((value) => value ?? undefined);

const sessionsSchema = nullable(z.array(z.object({ port_name: z.string().nullish() })).max(10_000));

export const hostRowSchema = z.object({
  id,
  name: z.string(),
  host_group_id: nullable(id),
  host_initiators: nullable(
    z.array(z.object({ port_name: z.string(), port_type: z.string(), active_sessions: sessionsSchema })).max(1_000),
  ),
});
export type HostRow = z.infer<typeof hostRowSchema>;

export const volumeRowSchema = z.object({
  id,
  name: z.string(),
  size: nullable(z.number()),
  wwn: nullable(z.string()),
});
export type VolumeRow = z.infer<typeof volumeRowSchema>;

export const mappingRowSchema = z.object({
  host_id: nullable(id),
  host_group_id: nullable(id),
  volume_id: id,
  logical_unit_number: nullable(z.number().int()),
});
export type MappingRow = z.infer<typeof mappingRowSchema>;

const discoveredRowSchema = z.object({ name: z.string(), active_sessions: sessionsSchema });

export const HOST_FIELDS = 'host?select=id,name,host_group_id,host_initiators';
export const VOLUME_FIELDS = 'volume?select=id,name,size,wwn';
const MAPPING_FIELDS = 'host_volume_mapping?select=id,host_id,host_group_id,volume_id,logical_unit_number';

/** Masking as the array has it: three reads, so a change of others in between shows only at the next reading. */
export interface MaskingSnapshot {
  readonly hosts: readonly HostRow[];
  readonly volumes: readonly VolumeRow[];
  readonly mappings: readonly MappingRow[];
}

export async function readMasking(session: PowerStoreSession, call: DeviceCall): Promise<MaskingSnapshot> {
  const hosts = await session.rows(HOST_FIELDS, hostRowSchema, call);
  const mappings = await session.rows(MAPPING_FIELDS, mappingRowSchema, call);
  return { hosts, mappings, volumes: await session.rows(VOLUME_FIELDS, volumeRowSchema, call) };
}

/** An initiator by the array's spelling; undefined for kinds we do not use (NVMe). */
export function initiatorOf(portName: string): Initiator | undefined {
  const wwpn = tryParseWwn(portName);
  if (wwpn !== undefined) return { kind: 'fibre-channel', wwpn };
  const iqn = tryParseIqn(portName);
  return iqn === undefined ? undefined : { kind: 'iscsi', iqn };
}

export function initiatorKey(initiator: Initiator): string {
  return initiator.kind === 'iscsi' ? initiator.iqn : initiator.wwpn;
}

/** Own mappings of a host and those it has through its host group: what it can reach is what matters. */
export function mappingsOf(snapshot: MaskingSnapshot, host: HostRow): readonly MappingRow[] {
  return snapshot.mappings.filter(
    (mapping) =>
      mapping.host_id === host.id ||
      (mapping.host_group_id !== undefined && mapping.host_group_id === host.host_group_id),
  );
}

export function hostOf(snapshot: MaskingSnapshot, row: HostRow): ArrayHost {
  const names = new Map(snapshot.volumes.map((volume) => [volume.id, volume.name]));
  return {
    name: row.name,
    initiators: initiatorsOf(row),
    mappings: mappingsOf(snapshot, row).map((mapping) => ({
      volume: names.get(mapping.volume_id) ?? mapping.volume_id,
      lun: mapping.logical_unit_number ?? -1,
    })),
  };
}

export function initiatorsOf(row: HostRow): Initiator[] {
  return (row.host_initiators ?? []).flatMap((one) => initiatorOf(one.port_name) ?? []);
}

/** Sessions of initiators that a host object holds, and of those that none holds where the array tells; else undefined. */
export async function readSessions(
  session: PowerStoreSession,
  call: DeviceCall,
): Promise<ReadonlyMap<string, readonly ArraySession[]> & { readonly complete: boolean }> {
  const hosts = await session.rows(HOST_FIELDS, hostRowSchema, call);
  const loose = await session.rowsIfOffered(
    'discovered_initiator?select=id,name,active_sessions',
    discoveredRowSchema,
    call,
  );
  const held = hosts
    .flatMap((host) => host.host_initiators ?? [])
    .map((one) => ({ name: one.port_name, active: one.active_sessions }));
  const found = [...held, ...(loose ?? []).map((one) => ({ name: one.name, active: one.active_sessions }))];
  const sessions = new Map(
    found.flatMap(({ name, active }) => {
      const initiator = initiatorOf(name);
      if (initiator === undefined) return [];
      const live = (active ?? []).map((one): ArraySession => ({
        initiator,
        ...(one.port_name ? { id: one.port_name } : {}),
      }));
      return [[initiatorKey(initiator), live] as const];
    }),
  );
  return Object.assign(sessions, { complete: loose !== undefined });
}
