import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { done, refused, inventory, type InputOf, type OutcomeOf, type SagaServer } from '@rackwright/contracts';
import { type Clock } from '@rackwright/kernel';
import { EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { mapPorts, rejectionsOf, type PlacementPool, type PlacementServer } from '../placement/placement.policy.js';
import { FormerHolderEntity, type ProfileEntity } from '../profile/profile.entity.js';
import { fabricsOf } from '../profile/profile.policy.js';
import { ProfileRepository } from '../profile/profile.repository.js';
import { ServerPoolEntity } from '../server-pool/server-pool.entity.js';
import type { ServerEntity } from '../server/server.entity.js';
import { ServerRepository } from '../server/server.repository.js';
import {
  associationProblem,
  guardsOf,
  type AssociationFacts,
  type AssociationProblem,
  worldMarkOf,
} from './association.policy.js';

type BeginInput = InputOf<typeof inventory.beginAssociation>;

interface Gathered {
  readonly facts: AssociationFacts;
  readonly views: ReadonlyMap<string, PlacementServer>;
  readonly pools: readonly PlacementPool[];
}

/** Begins a change of association: who takes part, may they, and from now on nobody else. */
@Injectable()
export class AssociationService {
  constructor(
    private readonly profiles: ProfileRepository,
    private readonly servers: ServerRepository,
    private readonly events: EventBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Locks and raises the epochs. Asked again by the same saga it tells the same, without raising again. */
  async begin(tx: Tx, sagaId: string, input: BeginInput): Promise<OutcomeOf<typeof inventory.beginAssociation>> {
    const gathered = await this.gather(tx, sagaId, input);
    const problem = this.problemOf(gathered);
    if (problem) return refused(problem.code, problem.message, problem.details);
    const { profile, source, target, holders } = gathered.facts;
    const servers = [source, target, ...holders].filter((server) => server !== null);
    for (const subject of [...(profile ? [profile] : []), ...servers]) {
      if (subject.lockedBy === sagaId) continue;
      subject.lockedBy = sagaId;
      subject.epoch += 1;
    }
    if (profile) await this.profiles.save(tx, profile);
    for (const server of servers) await this.servers.save(tx, server);
    return done({ ...this.tell(gathered), guards: guardsOf(profile, servers) });
  }

  /** What {@link begin} would say, without doing it. */
  async preview(tx: Tx, input: BeginInput) {
    const gathered = await this.gather(tx, undefined, input);
    const problem = this.problemOf(gathered);
    const ends = [...gathered.views.values()].map((view) =>
      view.cabling.map((end) => [end.serverId, end.port, end.device, end.devicePort, end.confidence]),
    );
    const worldMark = createHash('sha256').update(worldMarkOf(gathered.facts, ends)).digest('hex').slice(0, 32);
    return { ...(problem && { refusal: problem }), ...this.tell(gathered), worldMark };
  }

  private async gather(tx: Tx, sagaId: string | undefined, input: BeginInput): Promise<Gathered> {
    const fenced =
      input.kind === 'fence' && input.targetServerId !== undefined
        ? await this.servers.lockById(tx, input.targetServerId)
        : null;
    const profileId = input.kind === 'fence' ? fenced?.profileId : input.profileId;
    const profile = profileId === undefined || profileId === null ? null : await this.profiles.lockById(tx, profileId);
    const holderIds = profile ? (await this.profiles.holdersOf(tx, profile.id)).map((holder) => holder.serverId) : [];
    const sourceId = input.kind === 'fence' ? fenced?.id : profile?.serverId;
    const targetId = input.kind === 'fence' ? undefined : input.targetServerId;
    const wanted = [sourceId, targetId, ...holderIds].filter((id) => id !== undefined && id !== null);
    const locked = new Map((await this.servers.lockMany(tx, wanted)).map((server) => [server.id, server]));
    const source = (sourceId !== undefined && sourceId !== null && locked.get(sourceId)) || null;
    const target = (targetId !== undefined && locked.get(targetId)) || null;
    const holders =
      input.kind === 'fence'
        ? []
        : (holderIds
            .map((id) => locked.get(id))
            .filter(
              (server) => server !== undefined && server.id !== source?.id && server.id !== target?.id,
            ) as ServerEntity[]);
    const views = await this.servers.placementView(tx, [...locked.values()], profile?.id ?? '');
    const pools = await tx.manager.find(ServerPoolEntity);
    return {
      facts: { kind: input.kind, sagaId, profile, source, target, holders },
      views: new Map(views.map((view) => [view.server.id, view])),
      pools,
    };
  }

  private problemOf({
    facts,
    views,
    pools,
  }: Gathered): (AssociationProblem & { details?: Record<string, unknown> }) | undefined {
    const problem = associationProblem(facts);
    if (problem) return problem;
    const { profile, target, sagaId } = facts;
    const view = target && views.get(target.id);
    if (!profile || !target || !view || (sagaId !== undefined && target.lockedBy === sagaId)) return undefined;
    const reasons = rejectionsOf(profile.definition, view, pools);
    if (reasons.length === 0) return undefined;
    const message = `${target.name} does not qualify for ${profile.name}: ${reasons.map((reason) => reason.message).join('; ')}`;
    return { code: 'not-qualified', message, details: { reasons } };
  }

  private tell({ facts, views }: Gathered) {
    const { profile, source, target, holders } = facts;
    const asSagaServer = (server: ServerEntity): SagaServer => {
      const view = views.get(server.id);
      const ports =
        view && profile ? mapPorts(profile.definition, view).ports : view ? mapPorts(NO_PROFILE, view).ports : [];
      return {
        id: server.id as never,
        name: server.name,
        epoch: server.epoch,
        boardSerial: server.boardSerial,
        ports,
        ...(server.lifecycle === 'quarantined' && { quarantined: true as const }),
      };
    };
    return {
      ...(profile && { profile: sagaProfileOf(profile) }),
      ...(source && { source: asSagaServer(source) }),
      ...(target && { target: asSagaServer(target) }),
      formerHolders: holders.map(asSagaServer),
    };
  }

  /** Raises the epochs of what the saga holds: at its turn, and at every next target. */
  async raise(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.raiseEpochs>,
  ): Promise<OutcomeOf<typeof inventory.raiseEpochs>> {
    const profile = input.profileId === undefined ? null : await this.profiles.lockById(tx, input.profileId);
    const servers = await this.servers.lockMany(tx, input.serverIds);
    const subjects = [...(profile ? [profile] : []), ...servers];
    if (
      subjects.length < input.serverIds.length + (input.profileId === undefined ? 0 : 1) ||
      subjects.some((subject) => subject.lockedBy !== sagaId)
    ) {
      return refused('not-locked', 'this run does not hold the profile and servers any more');
    }
    for (const subject of subjects) subject.epoch += 1;
    if (profile) await this.profiles.save(tx, profile);
    for (const server of servers) await this.servers.save(tx, server);
    return done({ guards: guardsOf(profile, servers) });
  }

  async check(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.checkAssociation>,
  ): Promise<OutcomeOf<typeof inventory.checkAssociation>> {
    const servers = await this.servers.lockMany(
      tx,
      input.guards.map((guard) => guard.subject),
    );
    const profile = input.profileId === undefined ? null : await this.profiles.lockById(tx, input.profileId);
    const subjects = new Map([...(profile ? [profile] : []), ...servers].map((subject) => [subject.id, subject]));
    for (const guard of input.guards) {
      const subject = subjects.get(guard.subject);
      if (!subject || subject.lockedBy !== sagaId)
        return refused('not-locked', `this run does not hold ${guard.subject} any more`);
      if (subject.epoch !== guard.epoch)
        return refused(
          'stale-epoch',
          `epoch ${subject.epoch} is in force for ${guard.subject}, the run has ${guard.epoch}`,
        );
    }
    const holders = profile ? await this.profiles.holdersOf(tx, profile.id) : [];
    return done({ formerHolders: holders.map((holder) => holder.serverId as never) });
  }

  async recordHolder(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.recordFormerHolder>,
  ): Promise<OutcomeOf<typeof inventory.recordFormerHolder>> {
    const profile = await this.profiles.lockById(tx, input.profileId);
    const server = await this.servers.lockById(tx, input.serverId);
    if (profile?.lockedBy !== sagaId || server?.lockedBy !== sagaId)
      return refused('not-locked', 'this run does not hold the profile and the server any more');
    await tx.manager.upsert(
      FormerHolderEntity,
      { profileId: profile.id, serverId: server.id, sagaId, since: this.clock.now() },
      ['profileId', 'serverId'],
    );
    return done({});
  }

  async clearHolder(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.clearFormerHolder>,
  ): Promise<OutcomeOf<typeof inventory.clearFormerHolder>> {
    const server = await this.servers.lockById(tx, input.serverId);
    if (server?.lockedBy !== sagaId) return refused('not-locked', 'this run does not hold the server any more');
    const isClean = input.evidence.some((fact) => fact.fact === 'identity-clean' && fact.subject === input.serverId);
    if (!isClean) return refused('evidence-missing', `nothing shows that the identity is gone from ${server.name}`);
    await tx.manager.delete(FormerHolderEntity, { profileId: input.profileId, serverId: input.serverId });
    return done({});
  }

  /** Told to everybody once a profile belongs to a server. */
  async tellAssociated(
    tx: Tx,
    profile: ProfileEntity,
    server: ServerEntity,
    more: { previousServerId: string | null; evidence: InputOf<typeof inventory.commitAssociation>['evidence'] },
  ): Promise<void> {
    await this.events.emit(tx, inventory.profileAssociated, {
      profileId: profile.id as never,
      profile: profile.name,
      serverId: server.id as never,
      server: server.name,
      ...(more.previousServerId !== null && { previousServerId: more.previousServerId as never }),
      evidence: more.evidence,
    });
  }
}

/** For a server without a profile: nothing is laid onto its ports. */
const NO_PROFILE = {
  name: 'none',
  group: 'default',
  description: '',
  qualification: {},
  vnics: [],
  vhbas: [],
  volumes: [],
};

function sagaProfileOf(profile: ProfileEntity) {
  return {
    id: profile.id as never,
    name: profile.name,
    epoch: profile.epoch,
    uuid: profile.uuid as never,
    fabrics: fabricsOf(profile.definition),
  };
}
