import { Injectable } from '@nestjs/common';
import {
  done,
  refused,
  storageIdentity as storage,
  type InputOf,
  type OutcomeOf,
  type ResultOf,
} from '@rackwright/contracts';
import {
  hasPrefix,
  IdentityStore,
  iqnFor,
  prefixProblem,
  randomPrefix,
  wwnnAt,
  wwpnAt,
  type AssignRequest,
} from '@rackwright/identity-pool';
import { SystemRandom, type Iqn } from '@rackwright/kernel';
import { Database, withSavepoint, type Tx } from '@rackwright/persistence';
import { StorageReadingsService } from '../storage-readings.service.js';
import { bootVolumeOf, fibreChannelTargets, iscsiTargets } from './boot-target.policy.js';
import { IQN_SLOT, wwnnSlot, wwpnSlot } from './initiator-slots.js';
import { InitiatorRepository, type ProfileInitiators } from './initiator.repository.js';
import { StorageCheck } from './storage-check.js';

type ReserveInput = InputOf<typeof storage.reserveInitiators>;
type Problem = Extract<OutcomeOf<typeof storage.reserveInitiators>, { kind: 'refused' }>;

const ASSIGN_PROBLEMS = {
  taken: { suffix: 'taken', text: 'belongs to another profile, or rests after one' },
  'outside-pool': { suffix: 'outside-pool', text: 'lies in no pool' },
  'pool-exhausted': { suffix: '', text: 'no name is free' },
  'no-pool': { suffix: '', text: 'there is no pool; apply one of kind WwnPool or IqnPool' },
} as const;

/** Initiators of profiles: WWNs and IQNs reserved, LUN ids and volumes checked. */
@Injectable()
export class InitiatorService {
  private readonly random = new SystemRandom();

  constructor(
    private readonly database: Database,
    private readonly identities: IdentityStore,
    private readonly repository: InitiatorRepository,
    private readonly check: StorageCheck,
    private readonly readings: StorageReadingsService,
  ) {}

  async putWwnPool(tx: Tx, input: InputOf<typeof storage.putWwnPool>): Promise<OutcomeOf<typeof storage.putWwnPool>> {
    const known = (await this.identities.pools(tx, 'wwn')).find((pool) => pool.name === input.name);
    const prefix = input.prefix ?? known?.prefix ?? randomPrefix(this.random);
    const problem = prefixProblem(prefix);
    if (problem)
      return refused(
        problem,
        `${prefix} cannot be used: only locally administered unicast prefixes that belong to nobody known`,
      );
    const put = await this.identities.putPool(tx, { name: input.name, kind: 'wwn', prefix });
    if (put === 'in-use') return refused('pool-in-use', `names of ${input.name} are in use; make another pool`);
    return done({ prefix, changed: put !== 'unchanged' });
  }

  async putIqnPool(tx: Tx, input: InputOf<typeof storage.putIqnPool>): Promise<OutcomeOf<typeof storage.putIqnPool>> {
    const put = await this.identities.putPool(tx, { name: input.name, kind: 'iqn', prefix: input.prefix });
    if (put === 'in-use') return refused('pool-in-use', `names of ${input.name} are in use; make another pool`);
    return done({ changed: put !== 'unchanged' });
  }

  /** All or nothing; a repeat keeps every name. */
  reserve(tx: Tx, input: ReserveInput): Promise<OutcomeOf<typeof storage.reserveInitiators>> {
    return withSavepoint(
      tx,
      () => this.reserveIn(tx, input),
      (outcome) => outcome.kind === 'done',
    );
  }

  async release(
    tx: Tx,
    input: InputOf<typeof storage.releaseInitiators>,
  ): Promise<OutcomeOf<typeof storage.releaseInitiators>> {
    if (input.restore) {
      const restored = await this.reserve(tx, {
        profileId: input.profileId,
        profile: input.profile,
        spec: input.restore,
      });
      return restored.kind === 'done' ? done({}) : restored;
    }
    await this.identities.release(tx, input.profileId);
    await this.repository.remove(tx, input.profileId);
    return done({});
  }

  /** Boot targets come from what arrays and fabrics showed when they were read last. */
  async resolve(tx: Tx, profileId: string): Promise<OutcomeOf<typeof storage.resolveInitiators>> {
    const initiators = await this.repository.find(tx, profileId);
    if (!initiators) return refused('unknown-profile', `nothing is reserved for ${profileId}`);
    const boot = bootVolumeOf(initiators);
    const readings = await this.readings.last();
    const resolved = resolvedOf(initiators);
    const vhbas = resolved.vhbas.map((vhba) => ({
      ...vhba,
      bootTargets: fibreChannelTargets(boot, vhba.fabric, readings),
    }));
    const iscsi = resolved.iscsi && { ...resolved.iscsi, bootTargets: iscsiTargets(boot, readings) };
    const paths = vhbas.reduce((sum, vhba) => sum + vhba.bootTargets.length, iscsi?.bootTargets.length ?? 0);
    if (boot && paths === 0)
      return refused(
        'no-boot-target',
        `array ${boot.array} shows no target for ${boot.volume} that ${initiators.profile} could reach; look at its reading (get arrays, get fabrics)`,
      );
    return done({ storage: { ...resolved, vhbas, ...(iscsi && { iscsi }) } });
  }

  get(profileId: string): Promise<ResultOf<typeof storage.getInitiators>> {
    return this.database.transaction(async (tx) => {
      const initiators = await this.repository.find(tx, profileId);
      return initiators ? { storage: resolvedOf(initiators) } : {};
    });
  }

  preview(input: InputOf<typeof storage.previewInitiators>): Promise<ResultOf<typeof storage.previewInitiators>> {
    return this.database.transaction(async (tx) => ({
      problems: await this.check.problemsOf(tx, input.profile, input.spec),
    }));
  }

  async listPools(): Promise<ResultOf<typeof storage.listWwnPools>> {
    const pools = [
      ...(await this.identities.pools(this.database, 'wwn')),
      ...(await this.identities.pools(this.database, 'iqn')),
    ];
    return {
      items: pools.map(({ name, kind, prefix, assigned, resting }) => ({
        name,
        kind: kind as 'wwn' | 'iqn',
        prefix,
        assigned,
        resting,
      })),
    };
  }

  private async reserveIn(tx: Tx, input: ReserveInput): Promise<OutcomeOf<typeof storage.reserveInitiators>> {
    const previous = await this.repository.specOf(tx, input.profileId);
    const problem = (await this.check.problemsOf(tx, input.profile, input.spec, input.profileId))[0];
    if (problem) return refused(problem.code, problem.message, { path: problem.path });
    await this.repository.put(tx, input.profileId, input.profile, input.spec);
    const slots = input.spec.vhbas.flatMap((vhba) => [wwpnSlot(vhba.name), wwnnSlot(vhba.name)]);
    await this.identities.release(tx, input.profileId, [...slots, ...(input.spec.iscsi ? [IQN_SLOT] : [])]);
    for (const [index, vhba] of input.spec.vhbas.entries()) {
      const names = [
        { slot: wwpnSlot(vhba.name), make: wwpnAt, explicit: vhba.wwpn, field: 'wwpn' },
        { slot: wwnnSlot(vhba.name), make: wwnnAt, explicit: vhba.wwnn, field: 'wwnn' },
      ];
      for (const { slot, make, explicit, field } of names) {
        const request = {
          kind: 'wwn',
          owner: input.profileId,
          slot,
          make,
          inside: hasPrefix,
          ...(explicit !== undefined && { explicit }),
        };
        const refusal = await this.assign(tx, request, {
          what: `vHBA ${vhba.name}`,
          code: 'wwn',
          path: `/vhbas/${index}/${field}`,
        });
        if (refusal) return refusal;
      }
    }
    if (input.spec.iscsi) {
      const refusal = await this.assign(tx, iqnRequest(input), {
        what: 'the iSCSI initiator',
        code: 'iqn',
        path: '/iscsi/initiator',
      });
      if (refusal) return refusal;
    }
    const initiators = await this.repository.find(tx, input.profileId);
    if (!initiators) throw new Error('a reservation vanished within its own transaction');
    return done({ storage: resolvedOf(initiators), ...(previous && { previous }) });
  }

  private async assign(
    tx: Tx,
    request: AssignRequest,
    where: { what: string; code: string; path: string },
  ): Promise<Problem | undefined> {
    const assigned = await this.identities.assign(tx, request);
    if (!('problem' in assigned)) return undefined;
    const { suffix, text } = ASSIGN_PROBLEMS[assigned.problem];
    return refused(
      suffix === '' ? 'pool-exhausted' : `${where.code}-${suffix}`,
      `${where.what}: ${request.explicit ?? ''} ${text}`,
      { path: where.path },
    );
  }
}

function iqnRequest(input: ReserveInput): AssignRequest {
  let tries = 0;
  const explicit = input.spec.iscsi?.initiator;
  return {
    kind: 'iqn',
    owner: input.profileId,
    slot: IQN_SLOT,
    // The profile's own name first; a number only when that one rests after another profile.
    make: (prefix, index) => iqnFor(prefix as Iqn, tries++ === 0 ? input.profile : `${input.profile}-${index}`),
    inside: (value, prefix) => value.startsWith(prefix),
    ...(explicit !== undefined && { explicit }),
  };
}

/** The message form of a profile's initiators, without boot targets (those are read from the arrays). */
export function resolvedOf(initiators: ProfileInitiators): ResultOf<typeof storage.reserveInitiators>['storage'] {
  const { spec } = initiators;
  return {
    vhbas: initiators.vhbas.map((vhba) => ({ ...vhba, bootTargets: [] })),
    ...(initiators.iqn !== undefined &&
      spec.iscsi && {
        iscsi: {
          vnic: spec.iscsi.vnic,
          initiator: initiators.iqn,
          ...(spec.iscsi.address !== undefined && { address: spec.iscsi.address }),
          bootTargets: [],
        },
      }),
    volumes: initiators.volumes.map(({ volume, array, lun, boot }) => ({ volume, array, lun, boot })),
    fabrics: [...new Set(spec.vhbas.map((vhba) => vhba.fabric))].sort(),
  };
}
