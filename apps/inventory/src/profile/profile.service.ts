import { Inject, Injectable } from '@nestjs/common';
import { done, refused, inventory, type InputOf, type OutcomeOf, type ProfileDefinition } from '@rackwright/contracts';
import { IdFactory, type Clock, type ProfileId, type Uuid } from '@rackwright/kernel';
import { EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { ServerPoolEntity } from '../server-pool/server-pool.entity.js';
import { ProfileEntity } from './profile.entity.js';
import { definitionProblems, isCosmeticEdit, type DefinitionProblem } from './profile.policy.js';
import { ProfileRepository } from './profile.repository.js';

/** Server profiles: drafted, made ready when every identity is reserved, withdrawn when that fails, deleted. */
@Injectable()
export class ProfileService {
  constructor(
    private readonly profiles: ProfileRepository,
    private readonly events: EventBus,
    private readonly ids: IdFactory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async put(tx: Tx, input: InputOf<typeof inventory.putProfile>): Promise<OutcomeOf<typeof inventory.putProfile>> {
    const existing = await this.profiles.lockById(tx, input.profileId);
    const problem = await this.problemOf(tx, input.definition, existing);
    if (problem) return refused(problem.code, problem.message, { path: problem.path });
    const uuid = input.definition.uuid ?? (existing?.uuid as Uuid | undefined) ?? (this.ids.newUuidV7() as Uuid);
    const previous = existing?.state === 'ready' ? existing.definition : undefined;
    const cosmetic = existing !== null && isCosmeticEdit(existing.definition, input.definition);
    const profile =
      existing ?? Object.assign(new ProfileEntity(), { id: input.profileId, epoch: 1, lockedBy: null, serverId: null });
    // A cosmetic edit of a profile in use must not make it a draft for even a moment.
    const state = cosmetic && existing.state === 'ready' ? 'ready' : 'draft';
    Object.assign(profile, {
      name: input.definition.name,
      definition: input.definition,
      uuid,
      state,
      updatedAt: this.clock.now(),
    });
    await this.profiles.save(tx, profile);
    return done({ profileId: input.profileId, uuid, created: !existing, ...(previous && { previous }) });
  }

  async activate(tx: Tx, profileId: ProfileId): Promise<OutcomeOf<typeof inventory.activateProfile>> {
    const profile = await this.profiles.lockById(tx, profileId);
    if (!profile) return refused('unknown-profile', `there is no profile ${profileId}`);
    profile.state = 'ready';
    await this.profiles.save(tx, profile);
    await this.events.emit(tx, inventory.profileDefined, { profileId, profile: profile.name });
    return done({});
  }

  async withdraw(
    tx: Tx,
    input: InputOf<typeof inventory.withdrawProfile>,
  ): Promise<OutcomeOf<typeof inventory.withdrawProfile>> {
    const profile = await this.profiles.lockById(tx, input.profileId);
    if (!profile) return done({});
    if (input.previous) {
      Object.assign(profile, {
        name: input.previous.name,
        definition: input.previous,
        state: 'ready',
        updatedAt: this.clock.now(),
      });
      await this.profiles.save(tx, profile);
    } else if (profile.serverId === null) await this.profiles.remove(tx, profile);
    return done({});
  }

  async delete(tx: Tx, profileId: ProfileId): Promise<OutcomeOf<typeof inventory.deleteProfile>> {
    const profile = await this.profiles.lockById(tx, profileId);
    if (!profile) return refused('unknown-profile', `there is no profile ${profileId}`);
    if (profile.lockedBy !== null)
      return refused('profile-locked', `run ${profile.lockedBy} is changing ${profile.name}`);
    if (profile.serverId !== null)
      return refused('profile-associated', `${profile.name} is on a server; disassociate it first`);
    const holders = await this.profiles.holdersOf(tx, profileId);
    if (holders.length > 0)
      return refused(
        'former-holders',
        `${holders.length} machine(s) may still carry the identities of ${profile.name}`,
        { serverIds: holders.map((holder) => holder.serverId) },
      );
    await this.profiles.remove(tx, profile);
    await this.events.emit(tx, inventory.profileDeleted, { profileId, profile: profile.name });
    return done({});
  }

  /** Everything that would refuse this definition, for previews. */
  async problemsOf(tx: Tx, definition: ProfileDefinition): Promise<DefinitionProblem[]> {
    const existing = await this.profiles.find(tx, definition.name);
    const first = await this.problemOf(tx, definition, existing);
    const own = definitionProblems(definition);
    return first && !own.some((problem) => problem.code === first.code) ? [...own, first] : own;
  }

  private async problemOf(
    tx: Tx,
    definition: ProfileDefinition,
    existing: ProfileEntity | null,
  ): Promise<DefinitionProblem | undefined> {
    const own = definitionProblems(definition)[0];
    if (own) return own;
    const named = await tx.manager.findOneBy(ProfileEntity, { name: definition.name });
    if (named && named.id !== existing?.id)
      return { path: '/name', code: 'profile-name-taken', message: `another profile is named ${definition.name}` };
    const { pool } = definition.qualification;
    if (pool !== undefined && !(await tx.manager.existsBy(ServerPoolEntity, { name: pool }))) {
      return { path: '/qualification/pool', code: 'unknown-pool', message: `there is no server pool ${pool}` };
    }
    if (definition.uuid !== undefined) {
      const owner = await tx.manager.findOneBy(ProfileEntity, { uuid: definition.uuid });
      if (owner && owner.id !== existing?.id)
        return { path: '/uuid', code: 'uuid-taken', message: `profile ${owner.name} has UUID ${definition.uuid}` };
    }
    if (!existing) return undefined;
    if (existing.lockedBy !== null)
      return { path: '', code: 'profile-locked', message: `run ${existing.lockedBy} is changing ${existing.name}` };
    if (existing.serverId !== null && !isCosmeticEdit(existing.definition, definition)) {
      return {
        path: '',
        code: 'profile-associated',
        message: `${existing.name} is on a server and this edit would change what the server is; disassociate it first`,
      };
    }
    return undefined;
  }
}
