import { endCall, type ArrayHost, type Initiator } from '@rackwright/driver-core';
import { tryParseIqn, type Iqn } from '@rackwright/kernel';
import type { TgtTarget } from './show-target.js';
import { hostsOf, hostTargetName, volumesOf, type TargetNames, type TgtVolume } from './target-names.js';

/** One tgtadm call of a plan. */
export interface HostChange {
  readonly args: readonly string[];
  readonly what: string;
}

const REFUSED = { kind: 'refused' } as const;

/** The names on a list that are initiator names; addresses and `ALL` are none. */
export function iqnsOf(acl: readonly string[]): Initiator[] {
  return acl.flatMap((entry) => {
    const iqn = tryParseIqn(entry);
    return iqn === undefined ? [] : [{ kind: 'iscsi' as const, iqn }];
  });
}

/**
 * The host object as it is. A volume counts as mapped as soon as *one* initiator of the host is on its list: what can
 * be reached is what matters.
 */
export function findHost(names: TargetNames, targets: readonly TgtTarget[], name: string): ArrayHost | undefined {
  const host = hostsOf(names, targets).find((candidate) => candidate.name === name);
  if (host === undefined) return undefined;
  const mapped = volumesOf(names, targets).filter((volume) =>
    host.initiators.some((initiator) => lists(volume.target, initiator)),
  );
  return {
    name,
    initiators: iqnsOf(host.initiators),
    mappings: mapped.map((volume) => ({ volume: volume.name, lun: volume.lun.lun })),
  };
}

/**
 * What must be sent next so that the host is as wanted: first take away, then give. Empty when it is so already; where
 * the marker is missing the plan ends with making it, and the rest is planned from the next reading. Entries of
 * initiators that belong to no host of this plan are never touched. Ends the call as `refused` where the wish is impossible.
 */
export function changesFor(names: TargetNames, targets: readonly TgtTarget[], want: ArrayHost): readonly HostChange[] {
  const wanted = iqnsWanted(want);
  refuseForeign(names, targets, want.name, wanted);
  const marker = targets.find((target) => target.name === hostTargetName(names, want.name));
  const volumes = volumesOf(names, targets);
  const granted = grantedVolumes(volumes, want);
  const known = new Set([...wanted, ...iqnsOf(marker?.acl ?? []).flatMap(nameOf)]);
  const takeAway = volumes.flatMap((volume) => {
    const allowed = granted.has(volume) ? wanted : [];
    return [...known]
      .filter((iqn) => lists(volume.target, iqn) && !includes(allowed, iqn))
      .map((iqn) => bind('unbind', volume.target, iqn));
  });
  const give = [...granted].flatMap((volume) =>
    wanted.filter((iqn) => !lists(volume.target, iqn)).map((iqn) => bind('bind', volume.target, iqn)),
  );
  // The number of a new marker is not ours until it reads back: nothing else is planned before that.
  if (marker === undefined) return [...takeAway, createMarker(names, targets, want.name)];
  return [...takeAway, ...initiatorChanges(marker, wanted), ...give];
}

function createMarker(names: TargetNames, targets: readonly TgtTarget[], host: string): HostChange {
  const name = hostTargetName(names, host);
  const args = ['--op', 'new', '--mode', 'target', '--tid', String(freeTid(targets)), '--targetname', name];
  return { args, what: `marker of ${host}` };
}

function initiatorChanges(marker: TgtTarget, wanted: readonly Iqn[]): HostChange[] {
  const stale = iqnsOf(marker.acl)
    .flatMap(nameOf)
    .filter((iqn) => !includes(wanted, iqn));
  const missing = wanted.filter((iqn) => !lists(marker, iqn));
  return [...stale.map((iqn) => bind('unbind', marker, iqn)), ...missing.map((iqn) => bind('bind', marker, iqn))];
}

function iqnsWanted(want: ArrayHost): Iqn[] {
  if (want.initiators.length === 0)
    endCall({ ...REFUSED, code: 'tgt.no-initiator', message: 'a host needs an initiator' });
  return want.initiators.map((initiator) =>
    initiator.kind === 'iscsi'
      ? initiator.iqn
      : endCall({ ...REFUSED, code: 'tgt.iscsi-only', message: 'tgt serves iSCSI initiators only' }),
  );
}

function refuseForeign(names: TargetNames, targets: readonly TgtTarget[], host: string, wanted: readonly Iqn[]): void {
  for (const other of hostsOf(names, targets)) {
    const shared = wanted.find(
      (iqn) => other.name !== host && other.initiators.some((entry) => entry.toLowerCase() === iqn),
    );
    if (shared === undefined) continue;
    endCall({ ...REFUSED, code: 'tgt.initiator-in-use', message: `${shared} belongs to host ${other.name}` });
  }
}

function grantedVolumes(volumes: readonly TgtVolume[], want: ArrayHost): Set<TgtVolume> {
  const granted = want.mappings.map((mapping) => {
    const volume = volumes.find(
      (candidate) => candidate.name === mapping.volume || candidate.target.name === mapping.volume,
    );
    if (volume === undefined) {
      return endCall({ ...REFUSED, code: 'tgt.no-such-volume', message: `there is no volume "${mapping.volume}"` });
    }
    if (volume.lun.lun !== mapping.lun) {
      const message = `${mapping.volume} is LUN ${volume.lun.lun}; tgt cannot show it as LUN ${mapping.lun}`;
      return endCall({ ...REFUSED, code: 'tgt.lun-fixed', message });
    }
    if (volume.target.acl.some((entry) => tryParseIqn(entry) === undefined)) {
      const message = `${mapping.volume} admits more than single initiator names (${volume.target.acl.join(', ').slice(0, 200)})`;
      return endCall({ ...REFUSED, code: 'tgt.volume-open', message });
    }
    return volume;
  });
  return new Set(granted);
}

function bind(operation: 'bind' | 'unbind', target: Pick<TgtTarget, 'tid' | 'name' | 'acl'>, iqn: string): HostChange {
  // Unbind by the daemon's own spelling: it compares letter by letter.
  const spelling = target.acl.find((entry) => entry.toLowerCase() === iqn) ?? iqn;
  const args = ['--op', operation, '--mode', 'target', '--tid', String(target.tid), '--initiator-name', spelling];
  return { args, what: `${operation} ${iqn} ${target.name}` };
}

function lists(target: Pick<TgtTarget, 'acl'>, initiator: string): boolean {
  return target.acl.some((entry) => entry.toLowerCase() === initiator.toLowerCase());
}

function includes(iqns: readonly Iqn[], iqn: string): boolean {
  return iqns.some((candidate) => candidate === iqn);
}

function nameOf(initiator: Initiator): Iqn[] {
  return initiator.kind === 'iscsi' ? [initiator.iqn] : [];
}

/** One above all others: two writers that pick the same one are told apart by the daemon's refusal. */
function freeTid(targets: readonly TgtTarget[]): number {
  return targets.reduce((highest, target) => Math.max(highest, target.tid), 0) + 1;
}
