import { endCall, type ArrayHost, type Initiator } from '@rackwright/driver-core';
import {
  hostOf,
  initiatorKey,
  initiatorsOf,
  mappingsOf,
  type HostRow,
  type MaskingSnapshot,
} from './masking-snapshot.js';
import type { PowerStoreChange } from './powerstore-client.js';
import { LUN_MAX } from './powerstore-quirks.js';

const refuse = (code: string, message: string): never => endCall({ kind: 'refused', code, message });

/**
 * What must be sent so that the host is as wanted: first take away, then give. Empty when it is so already; where the
 * host is missing the plan makes it, and the rest is planned from the next reading, when it has an id.
 */
export function planHost(snapshot: MaskingSnapshot, want: ArrayHost, osType: string): readonly PowerStoreChange[] {
  checkWish(snapshot, want);
  const row = snapshot.hosts.find((host) => host.name === want.name);
  if (row === undefined) {
    const body = { name: want.name, os_type: osType, initiators: want.initiators.map(written) };
    return [{ method: 'POST', path: 'host', body }];
  }
  if (row.host_group_id !== undefined) refuse('powerstore.host-group', `${want.name} was put into a host group`);
  return [...detachments(snapshot, row, want), ...initiatorChanges(row, want), ...attachments(snapshot, row, want)];
}

/** Detaches everything from a host, then deletes it. */
export function planNoHost(snapshot: MaskingSnapshot, row: HostRow): readonly PowerStoreChange[] {
  const nothing = { name: row.name, initiators: initiatorsOf(row), mappings: [] };
  return [...detachments(snapshot, row, nothing), { method: 'DELETE', path: `host/${encodeURIComponent(row.id)}` }];
}

/** True when the host object exists and is exactly as wanted. */
export function isAsWanted(snapshot: MaskingSnapshot, want: ArrayHost): boolean {
  const row = snapshot.hosts.find((host) => host.name === want.name);
  if (row === undefined) return false;
  const has = hostOf(snapshot, row);
  const text = (host: ArrayHost): string =>
    JSON.stringify([
      host.initiators.map(initiatorKey).sort(),
      host.mappings.map(({ volume, lun }) => `${lun} ${volume}`).sort(),
    ]);
  return text(has) === text(want) && has.initiators.length === (row.host_initiators ?? []).length;
}

function checkWish(snapshot: MaskingSnapshot, want: ArrayHost): void {
  if (want.initiators.length === 0) refuse('powerstore.no-initiator', 'a host needs an initiator');
  if (new Set(want.initiators.map((initiator) => initiator.kind)).size > 1) {
    refuse('powerstore.mixed-initiators', 'a host has Fibre Channel or iSCSI initiators, not both');
  }
  const luns = want.mappings.map((mapping) => mapping.lun);
  if (new Set(luns).size !== luns.length) refuse('powerstore.lun-twice', 'a LUN is wanted twice');
  if (luns.some((lun) => !Number.isInteger(lun) || lun < 0 || lun > LUN_MAX))
    refuse('powerstore.lun', `a LUN is 0..${LUN_MAX}`);
  const unknown = want.mappings.find((mapping) => !snapshot.volumes.some((volume) => volume.name === mapping.volume));
  if (unknown !== undefined) refuse('powerstore.no-such-volume', `there is no volume "${unknown.volume}"`);
  const keys = new Set(want.initiators.map(initiatorKey));
  const holder = snapshot.hosts.find(
    (host) => host.name !== want.name && initiatorsOf(host).some((one) => keys.has(initiatorKey(one))),
  );
  if (holder !== undefined) refuse('powerstore.initiator-in-use', `an initiator belongs to host ${holder.name}`);
}

function detachments(snapshot: MaskingSnapshot, row: HostRow, want: ArrayHost): PowerStoreChange[] {
  const names = new Map(snapshot.volumes.map((volume) => [volume.id, volume.name]));
  const isWanted = (volumeId: string, lun: number | undefined): boolean =>
    want.mappings.some((mapping) => mapping.volume === names.get(volumeId) && mapping.lun === lun);
  return mappingsOf(snapshot, row)
    .filter((mapping) => mapping.host_id === row.id && !isWanted(mapping.volume_id, mapping.logical_unit_number))
    .map((mapping) => ({
      method: 'POST',
      path: `host/${encodeURIComponent(row.id)}/detach`,
      body: { volume_id: mapping.volume_id },
    }));
}

function attachments(snapshot: MaskingSnapshot, row: HostRow, want: ArrayHost): PowerStoreChange[] {
  const present = mappingsOf(snapshot, row);
  return want.mappings.flatMap(({ volume, lun }): PowerStoreChange[] => {
    const volumeId = snapshot.volumes.find((candidate) => candidate.name === volume)?.id;
    if (present.some((mapping) => mapping.volume_id === volumeId && mapping.logical_unit_number === lun)) return [];
    const body = { volume_id: volumeId, logical_unit_number: lun };
    return [{ method: 'POST', path: `host/${encodeURIComponent(row.id)}/attach`, body }];
  });
}

/** Removed before added, unless that would leave the host without any initiator, which the array does not take. */
function initiatorChanges(row: HostRow, want: ArrayHost): PowerStoreChange[] {
  const path = `host/${encodeURIComponent(row.id)}`;
  const has = new Set(initiatorsOf(row).map(initiatorKey));
  const wanted = new Set(want.initiators.map(initiatorKey));
  // By the array's own spelling, and with initiators of kinds we never asked for.
  const surplus = (row.host_initiators ?? []).map((one) => one.port_name).filter((name) => !isAmong(name, wanted));
  const missing = want.initiators.filter((initiator) => !has.has(initiatorKey(initiator)));
  const remove: PowerStoreChange[] =
    surplus.length === 0 ? [] : [{ method: 'PATCH', path, body: { remove_initiators: surplus } }];
  const add: PowerStoreChange[] =
    missing.length === 0 ? [] : [{ method: 'PATCH', path, body: { add_initiators: missing.map(written) } }];
  return surplus.length === (row.host_initiators ?? []).length ? [...add, ...remove] : [...remove, ...add];
}

function isAmong(portName: string, wanted: ReadonlySet<string>): boolean {
  const normal = portName.trim().toLowerCase();
  return wanted.has(normal);
}

function written(initiator: Initiator): unknown {
  return { port_name: initiatorKey(initiator), port_type: initiator.kind === 'iscsi' ? 'iSCSI' : 'FC' };
}
