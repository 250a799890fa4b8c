import type { ArrayHost, ArrayTarget, Initiator } from '@rackwright/driver-core';
import { hostName } from '../fabric/zone.policy.js';
import type { ProfileInitiators } from '../initiator/initiator.repository.js';

/** All initiators of a profile. Pure. */
export function initiatorsOf(profile: ProfileInitiators): Initiator[] {
  const fibreChannel = profile.vhbas.map(({ wwpn }): Initiator => ({ kind: 'fibre-channel', wwpn }));
  return profile.iqn === undefined ? fibreChannel : [...fibreChannel, { kind: 'iscsi', iqn: profile.iqn }];
}

/** What an initiator is called, in any protocol. Pure. */
export function nameOf(initiator: Initiator): string {
  return initiator.kind === 'iscsi' ? initiator.iqn : initiator.wwpn;
}

/** The host object of a profile on one array: the initiators that can reach it, and exactly its volumes there. Pure. */
export function hostFor(profile: ProfileInitiators, array: string, targets: readonly ArrayTarget[]): ArrayHost {
  const kinds = new Set(targets.map((target) => target.kind));
  return {
    name: hostName(profile),
    initiators: initiatorsOf(profile).filter((initiator) => kinds.has(initiator.kind)),
    mappings: profile.volumes
      .filter((volume) => volume.array === array)
      .map(({ arrayVolume, lun }) => ({ volume: arrayVolume, lun })),
  };
}

/** How a host object differs from what it should be; undefined when it does not. Pure. */
export function hostDifference(is: ArrayHost, should: ArrayHost): string | undefined {
  const initiators = (host: ArrayHost): string => host.initiators.map(nameOf).sort().join(' ');
  const mappings = (host: ArrayHost): string =>
    host.mappings
      .map(({ volume, lun }) => `${volume}=${lun}`)
      .sort()
      .join(' ');
  if (initiators(is) !== initiators(should))
    return `host ${is.name} has initiators ${initiators(is) || 'none'}, should have ${initiators(should) || 'none'}`;
  if (mappings(is) !== mappings(should))
    return `host ${is.name} reaches ${mappings(is) || 'nothing'}, should reach ${mappings(should) || 'nothing'}`;
  return undefined;
}
