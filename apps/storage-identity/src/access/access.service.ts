import { Injectable } from '@nestjs/common';
import {
  done,
  refused,
  type InputOf,
  type Outcome,
  type OutcomeOf,
  type ResultOf,
  type storageIdentity as storage,
} from '@rackwright/contracts';
import { DeviceWork } from '@rackwright/device-work';
import { deferred, type CommandContext } from '@rackwright/messaging';
import { Database } from '@rackwright/persistence';
import { ARRAY } from '../array/array.service.js';
import { HostStore } from '../array/host.store.js';
import { FABRIC } from '../fabric/fabric.service.js';
import { arraysOf, zonesFor } from '../fabric/zone.policy.js';
import { hostFor } from '../array/mask.policy.js';
import { StorageReadingsService } from '../storage-readings.service.js';
import { ZoneStore } from '../fabric/zone.store.js';
import { InitiatorRepository, type ProfileInitiators } from '../initiator/initiator.repository.js';

interface ProfileCommand {
  readonly profileId: string;
  readonly guards: InputOf<typeof storage.ensureMasks>['guards'];
}

/** Turns commands about a profile's access into parts, one for each fabric and array it concerns. */
@Injectable()
export class AccessService {
  constructor(
    private readonly work: DeviceWork,
    private readonly database: Database,
    private readonly initiators: InitiatorRepository,
    private readonly zones: ZoneStore,
    private readonly hosts: HostStore,
    private readonly readings: StorageReadingsService,
  ) {}

  /** Masks live on arrays. */
  masks(context: CommandContext, kind: string, input: ProfileCommand) {
    return this.record(context, kind, input, (profile) => arraysOf(profile).map((array) => `${ARRAY}:${array}`));
  }

  zonesOf(context: CommandContext, kind: string, input: ProfileCommand & { readonly fabric: string }) {
    return this.record(context, kind, input, () => [`${FABRIC}:${input.fabric}`]);
  }

  /** Zones and masks together: every fabric and every array of the profile. */
  access(context: CommandContext, kind: string, input: ProfileCommand) {
    return this.record(context, kind, input, lanesOf);
  }

  /** Logins at the fabrics of these ports, and sessions on the arrays of an iSCSI profile. */
  async logins(context: CommandContext, input: InputOf<typeof storage.verifyLogins>) {
    const profile = await this.initiators.find(context.tx, input.profileId);
    if (!profile) return refused('device-refused', `nothing is reserved for ${input.profileId}`);
    const fabrics = [...new Set(input.sanPorts.map((port) => port.device))];
    const parts = fabrics.map((fabric) => ({
      lane: `${FABRIC}:${fabric}`,
      input: { profileId: input.profileId, profile, sanPorts: input.sanPorts.filter((port) => port.device === fabric) },
    }));
    const sessions =
      profile.iqn === undefined
        ? []
        : arraysOf(profile).map((array) => ({
            lane: `${ARRAY}:${array}`,
            input: { profileId: input.profileId, profile },
          }));
    return this.finish(
      await this.work.record(context, { kind: 'verify-logins', guards: input.guards, parts: [...parts, ...sessions] }),
    );
  }

  async sanPorts(
    context: CommandContext,
    kind: string,
    input: { readonly guards: ProfileCommand['guards']; readonly ports: readonly { readonly device: string }[] },
  ) {
    const fabrics = [...new Set(input.ports.map((port) => port.device))];
    const parts = fabrics.map((fabric) => ({
      lane: `${FABRIC}:${fabric}`,
      input: { ports: input.ports.filter((port) => port.device === fabric) },
    }));
    return this.finish(await this.work.record(context, { kind, guards: input.guards, parts }));
  }

  async raise(context: CommandContext, guards: ProfileCommand['guards']) {
    await this.work.raise(context, guards);
    return deferred();
  }

  async confirmNone(profileId: string): Promise<OutcomeOf<typeof storage.confirmNoAccess>> {
    const zones = await this.zones.all(profileId);
    const hosts = await this.hosts.all(profileId);
    const left = [
      ...zones.map((zone) => `zone ${zone.name} in ${zone.fabric}`),
      ...hosts.map(({ array, host }) => `host ${host.name} on ${array}`),
    ];
    return left.length === 0 ? done({}) : refused('access-left', `still there: ${left.join(', ')}`);
  }

  /** What the profile has on fabrics and arrays, or, while it has nothing there, what it would get. */
  async preview(profileId: string): Promise<ResultOf<typeof storage.previewAccess>> {
    const profile = await this.initiators.find(this.database, profileId);
    const made = { zones: await this.zones.all(profileId), hosts: await this.hosts.all(profileId) };
    const { zones, hosts } = made.zones.length + made.hosts.length > 0 || !profile ? made : await this.wouldBe(profile);
    const names = new Map((profile?.volumes ?? []).map((volume) => [volume.arrayVolume, volume.volume]));
    return {
      zones: zones.map(({ fabric, name, members }) => ({ fabric, name, members: [...members] })),
      masks: hosts.map(({ array, host }) => ({
        array,
        host: host.name,
        luns: host.mappings.map(({ volume, lun }) => ({ volume: names.get(volume) ?? volume.toLowerCase(), lun })),
      })),
    };
  }

  private async wouldBe(profile: ProfileInitiators) {
    const { targets, logins } = await this.readings.last();
    const fabrics = [...new Set(profile.vhbas.map((vhba) => vhba.fabric))].sort();
    const zones = fabrics.flatMap((fabric) =>
      zonesFor(profile, { fabric, targets, logins: logins.get(fabric) ?? [] }).zones.map((zone) => ({
        fabric,
        ...zone,
      })),
    );
    const hosts = arraysOf(profile).map((array) => ({
      array,
      host: hostFor(profile, array, targets.get(array) ?? []),
    }));
    return { zones, hosts };
  }

  private async record(
    context: CommandContext,
    kind: string,
    input: ProfileCommand,
    lanes: (profile: ProfileInitiators) => string[],
  ) {
    const profile = await this.initiators.find(context.tx, input.profileId);
    if (!profile) return refused('device-refused', `nothing is reserved for ${input.profileId}`);
    const parts = lanes(profile).map((lane) => ({ lane, input: { ...input, profile } }));
    return this.finish(await this.work.record(context, { kind, guards: input.guards, parts }));
  }

  private finish(outcome: Outcome | undefined) {
    return (outcome as Outcome<never> | undefined) ?? deferred();
  }
}

function lanesOf(profile: ProfileInitiators): string[] {
  const fabrics = [...new Set(profile.vhbas.map((vhba) => vhba.fabric))].sort();
  return [...fabrics.map((fabric) => `${FABRIC}:${fabric}`), ...arraysOf(profile).map((array) => `${ARRAY}:${array}`)];
}
