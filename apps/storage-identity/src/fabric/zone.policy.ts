import { createHash } from 'node:crypto';
import {
  OWNED_NAME_PREFIX,
  type ArrayTarget,
  type FabricLogin,
  type Zone,
  type ZoneChange,
} from '@rackwright/driver-core';
import type { Wwn } from '@rackwright/kernel';
import type { ProfileInitiators } from '../initiator/initiator.repository.js';

/** Longest zone name a fabric takes. */
const ZONE_NAME_MAX = 64;

function word(text: string, max: number): string {
  return text.replace(/[^0-9A-Za-z]/g, '_').slice(0, max);
}

/** A short stamp of an object's id: names stay readable and never collide. */
function stamp(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 8);
}

/** Name of the zone of one vHBA and one array: `rw_mail_1_1a2b3c4d_fc_a_ps1`. Pure. */
export function zoneName(
  profile: { readonly profileId: string; readonly profile: string },
  vhba: string,
  array: string,
): string {
  return `${OWNED_NAME_PREFIX}${word(profile.profile, 20)}_${stamp(profile.profileId)}_${word(vhba, 12)}_${word(array, 18)}`.slice(
    0,
    ZONE_NAME_MAX,
  );
}

/** Name of the host object of a profile on any array. Pure. */
export function hostName(profile: { readonly profileId: string; readonly profile: string }): string {
  return `${OWNED_NAME_PREFIX}${word(profile.profile, 30)}_${stamp(profile.profileId)}`;
}

/** Target ports of an array that are logged into a fabric: the ones a zone there can name. Pure. */
export function targetsInFabric(targets: readonly ArrayTarget[], logins: readonly FabricLogin[]): Wwn[] {
  const loggedIn = new Set<string>(logins.map((login) => login.wwpn));
  return targets
    .filter((target) => target.kind === 'fibre-channel' && loggedIn.has(target.name))
    .map((target) => target.name as Wwn)
    .sort();
}

/** Arrays a profile has volumes on. Pure. */
export function arraysOf(initiators: ProfileInitiators): string[] {
  return [...new Set(initiators.volumes.map((volume) => volume.array))].sort();
}

export interface FabricView {
  readonly fabric: string;
  readonly logins: readonly FabricLogin[];
  /** Targets of the arrays, by array. */
  readonly targets: ReadonlyMap<string, readonly ArrayTarget[]>;
}

/**
 * The zones of a profile in one fabric: one initiator each, with the targets of one array. `missing` names arrays whose
 * target ports are not logged in here: a zone with nobody to talk to is not made. Pure.
 */
export function zonesFor(initiators: ProfileInitiators, view: FabricView): { zones: Zone[]; missing: string[] } {
  const zones: Zone[] = [];
  const missing: string[] = [];
  for (const vhba of initiators.vhbas.filter((candidate) => candidate.fabric === view.fabric)) {
    for (const array of arraysOf(initiators)) {
      const all = view.targets.get(array) ?? [];
      if (!all.some((target) => target.kind === 'fibre-channel')) continue;
      const targets = targetsInFabric(all, view.logins);
      if (targets.length === 0) missing.push(array);
      else zones.push({ name: zoneName(initiators, vhba.name, array), members: [vhba.wwpn, ...targets] });
    }
  }
  return { zones, missing };
}

/** One change of all that is wished: a wish that came twice (a repeated try of one step) is one wish. Pure. */
export function mergeWishes(wishes: readonly ZoneChange[]): ZoneChange {
  const ensure = new Map(wishes.flatMap((wish) => wish.ensure).map((zone) => [zone.name, zone]));
  const remove = new Set(wishes.flatMap((wish) => wish.remove).filter((name) => !ensure.has(name)));
  return { ensure: [...ensure.values()], remove: [...remove] };
}

/** How the fabric's zones of these names differ from what they should be; undefined when they do not. Pure. */
export function zoneDifference(enabled: readonly Zone[], should: readonly Zone[]): string | undefined {
  const is = new Map(enabled.map((zone) => [zone.name, zone]));
  for (const zone of should) {
    const found = is.get(zone.name);
    if (!found) return `zone ${zone.name} is missing`;
    if ([...found.members].sort().join() !== [...zone.members].sort().join())
      return `zone ${zone.name} has members ${found.members.join(' ')}`;
  }
  return undefined;
}
