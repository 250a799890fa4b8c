import type { storageIdentity as storage, ResultOf } from '@rackwright/contracts';
import type { ArrayTarget, FabricLogin } from '@rackwright/driver-core';
import { targetsInFabric } from '../fabric/zone.policy.js';
import type { ProfileInitiators, ProfileVolume } from './initiator.repository.js';

type Storage = ResultOf<typeof storage.resolveInitiators>['storage'];
type BootTarget = Storage['vhbas'][number]['bootTargets'][number];

/** Most adapters take two boot targets per port. */
const BOOT_TARGETS_MAX = 2;
/** Adapters are given their first iSCSI target only: a second one would be asked for and never be read back. */
const ISCSI_TARGETS_MAX = 1;

/** What was read last of the arrays and fabrics. */
export interface StorageReadings {
  readonly targets: ReadonlyMap<string, readonly ArrayTarget[]>;
  readonly logins: ReadonlyMap<string, readonly FabricLogin[]>;
}

/** Boot targets of one vHBA: ports of the boot volume's array that are logged into its fabric. Pure. */
export function fibreChannelTargets(
  boot: ProfileVolume | undefined,
  fabric: string,
  readings: StorageReadings,
): BootTarget[] {
  if (!boot) return [];
  const ports = targetsInFabric(readings.targets.get(boot.array) ?? [], readings.logins.get(fabric) ?? []);
  return ports.slice(0, BOOT_TARGETS_MAX).map((target) => ({ kind: 'fibre-channel', target, lun: boot.lun }));
}

/** Boot targets of the iSCSI initiator: the volume's own target where the array has one per volume. Pure. */
export function iscsiTargets(boot: ProfileVolume | undefined, readings: StorageReadings): BootTarget[] {
  if (!boot) return [];
  const candidates = (readings.targets.get(boot.array) ?? []).filter((target) => target.kind === 'iscsi');
  const usable = candidates.filter((target) => target.volume === undefined || target.volume === boot.arrayVolume);
  return usable.slice(0, ISCSI_TARGETS_MAX).map((target) => ({
    kind: 'iscsi',
    target: target.name,
    ...(target.portal !== undefined && { portal: target.portal }),
    lun: boot.lun,
  }));
}

/** Where a profile boots from; undefined when it has no boot volume. Pure. */
export function bootVolumeOf(initiators: ProfileInitiators): ProfileVolume | undefined {
  return initiators.volumes.find((volume) => volume.boot);
}
