import { Injectable } from '@nestjs/common';
import { done, refused, inventory, type InputOf, type OutcomeOf } from '@rackwright/contracts';
import { EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { FormerHolderEntity, ProfileEntity } from '../profile/profile.entity.js';
import { ProfileRepository } from '../profile/profile.repository.js';
import type { ServerEntity } from '../server/server.entity.js';
import { ServerRepository } from '../server/server.repository.js';
import { lifecycleAfter } from './association.policy.js';
import { AssociationService } from './association.service.js';

/** Ends a change of association: the profile belongs to its new server, or to none, and the locks are given back. */
@Injectable()
export class AssociationEndService {
  constructor(
    private readonly profiles: ProfileRepository,
    private readonly servers: ServerRepository,
    private readonly associations: AssociationService,
    private readonly events: EventBus,
  ) {}

  /** Repeat-safe: committing the server the profile is on already changes nothing. */
  async commit(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.commitAssociation>,
  ): Promise<OutcomeOf<typeof inventory.commitAssociation>> {
    const profile = await this.profiles.lockById(tx, input.profileId);
    const server = await this.servers.lockById(tx, input.serverId);
    if (profile?.lockedBy !== sagaId || server?.lockedBy !== sagaId)
      return refused('not-locked', 'this run does not hold the profile and the server any more');
    const previousServerId = profile.serverId;
    if (previousServerId === server.id) return done({});
    if (previousServerId !== null) await this.takeOff(tx, previousServerId);
    Object.assign(profile, { serverId: server.id });
    Object.assign(server, { profileId: profile.id, lifecycle: 'assigned' });
    await this.profiles.save(tx, profile);
    await this.servers.save(tx, server);
    await this.associations.tellAssociated(tx, profile, server, { previousServerId, evidence: input.evidence });
    return done({ ...(previousServerId !== null && { previousServerId: previousServerId as never }) });
  }

  async end(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.endAssociation>,
  ): Promise<OutcomeOf<typeof inventory.endAssociation>> {
    const profile = await this.profiles.lockById(tx, input.profileId);
    if (profile?.lockedBy !== sagaId) return refused('not-locked', 'this run does not hold the profile any more');
    const serverId = profile.serverId;
    if (serverId === null) return done({});
    await this.takeOff(tx, serverId);
    profile.serverId = null;
    await this.profiles.save(tx, profile);
    await this.events.emit(tx, inventory.profileDisassociated, {
      profileId: profile.id as never,
      profile: profile.name,
      serverId: serverId as never,
      evidence: input.evidence,
    });
    return done({ serverId: serverId as never });
  }

  /** Gives back what the saga holds. A server that may still carry an identity goes into quarantine, never to the pool. */
  async release(
    tx: Tx,
    sagaId: string,
    input: InputOf<typeof inventory.releaseAssociation>,
  ): Promise<OutcomeOf<typeof inventory.releaseAssociation>> {
    const servers = await this.servers.lockHeldBy(tx, sagaId);
    const profiles = await tx.manager.find(ProfileEntity, {
      where: { lockedBy: sagaId },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    for (const profile of profiles) {
      profile.lockedBy = null;
      await this.profiles.save(tx, profile);
    }
    for (const server of servers)
      await this.letGo(tx, server, input.quarantine.find((entry) => entry.serverId === server.id)?.reason);
    return done({ released: [...profiles, ...servers].map((subject) => subject.id) });
  }

  private async letGo(tx: Tx, server: ServerEntity, quarantineReason: string | undefined): Promise<void> {
    const mayCarryIdentity = (await tx.manager.countBy(FormerHolderEntity, { serverId: server.id })) > 0;
    const lifecycle = lifecycleAfter(server, { quarantine: quarantineReason !== undefined, mayCarryIdentity });
    const reason =
      quarantineReason ??
      (lifecycle === 'quarantined' && server.lifecycle !== 'quarantined'
        ? 'it may still carry the identity of a profile'
        : server.lifecycleReason);
    const changed = lifecycle !== server.lifecycle;
    Object.assign(server, { lockedBy: null, lifecycle, lifecycleReason: reason });
    await this.servers.save(tx, server);
    if (changed)
      await this.events.emit(tx, inventory.serverChanged, {
        serverId: server.id as never,
        server: server.name,
        changed: ['lifecycle'],
        lifecycle,
      });
  }

  private async takeOff(tx: Tx, serverId: string): Promise<void> {
    const server = await this.servers.lockById(tx, serverId);
    if (!server) return;
    server.profileId = null;
    await this.servers.save(tx, server);
  }
}
