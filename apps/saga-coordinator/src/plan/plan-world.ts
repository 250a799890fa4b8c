import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { inventory, network, storageIdentity, type coordinator, type ResultOf } from '@rackwright/contracts';
import { isAppError, type ProfileId } from '@rackwright/kernel';
import { QueryClient } from '@rackwright/messaging';
import type { PlanFacts } from '@rackwright/saga-catalog';
import type { AssociationPreview } from '../saga-book.js';

const QUERY = { timeoutMs: 4_000 } as const;
type PlanRequest = coordinator.PlanRequest;
type DefineRequest = Extract<PlanRequest, { kind: 'define-profile' }>;
type ProfileView = inventory.ProfileView;
export type Placement = ResultOf<typeof inventory.placeProfile>;
export type Access = ResultOf<typeof storageIdentity.previewAccess>;
export type Problem = { readonly code: string; readonly message: string };

/** What a plan rests on: the part that is asked again before it is executed. */
export interface Grounds {
  readonly worldMark: string;
  readonly problems: readonly Problem[];
  readonly preview?: AssociationPreview;
  readonly profile?: ProfileView | undefined;
}

const NO_ACCESS: Access = { zones: [], masks: [] };
const KINDS = { associate: 'associate', migrate: 'migrate', disassociate: 'disassociate', fence: 'fence' } as const;

/** The world as the owners of its parts tell it, for plans. Asks only; changes nothing. */
@Injectable()
export class PlanWorld {
  constructor(private readonly queries: QueryClient) {}

  profile(idOrName: string): Promise<ProfileView> {
    return this.queries.query(inventory.getProfile, { profile: idOrName }, QUERY);
  }

  place(profile: string, where: { readonly pool?: string; readonly server?: string }): Promise<Placement> {
    return this.queries.query(inventory.placeProfile, { profile, ...where }, QUERY);
  }

  /** Asks whether the change may begin, and for the mark of everything it rests on. */
  grounds(request: PlanRequest): Promise<Grounds> {
    if (request.kind === 'define-profile') return this.definitionGrounds(request);
    if (request.kind === 'delete-profile') return this.deletionGrounds(request.profileId);
    return this.associationGrounds(request);
  }

  async vnics(profileId: string): Promise<ResultOf<typeof network.getVnics>['vnics']> {
    return (await this.queries.query(network.getVnics, { profileId: profileId as never }, QUERY)).vnics;
  }

  /** Initiators, zones and masks; nothing is asked for a profile without storage. */
  async storage(profile: ProfileView) {
    if (!hasStorage(profile.definition)) return { storage: undefined, access: NO_ACCESS };
    const input = { profileId: profile.id };
    const [{ storage }, access] = await Promise.all([
      this.queries.query(storageIdentity.getInitiators, input, QUERY),
      this.queries.query(storageIdentity.previewAccess, input, QUERY),
    ]);
    return { storage, access };
  }

  private async associationGrounds(
    request: Exclude<PlanRequest, { kind: 'define-profile' | 'delete-profile' }>,
  ): Promise<Grounds> {
    const targetServerId = 'serverId' in request ? request.serverId : undefined;
    const preview = await this.queries.query(
      inventory.previewAssociation,
      {
        kind: KINDS[request.kind],
        ...('profileId' in request && { profileId: request.profileId }),
        ...(targetServerId !== undefined && { targetServerId }),
      },
      QUERY,
    );
    const { refusal, worldMark } = preview;
    const problems = refusal ? [{ code: refusal.code, message: refusal.message }] : [];
    return { worldMark, problems, preview };
  }

  private async definitionGrounds({ profileId, definition }: DefineRequest): Promise<Grounds> {
    const { name, vnics, vhbas, iscsi, volumes } = definition;
    const spec = { vhbas, volumes, ...(iscsi && { iscsi }) };
    const [own, lan, san] = await Promise.all([
      this.queries.query(inventory.previewProfile, { definition }, QUERY),
      this.queries.query(network.previewVnics, { profile: name, vnics }, QUERY),
      hasStorage(definition)
        ? this.queries.query(storageIdentity.previewInitiators, { profile: name, spec }, QUERY)
        : Promise.resolve({ problems: [] }),
    ]);
    const problems = [...own.problems, ...lan.problems, ...san.problems].map(({ path, code, message }) => ({
      code,
      message: path === '' ? message : `${path}: ${message}`,
    }));
    if (profileId !== undefined && own.existing && own.existing.id !== profileId) {
      problems.push({ code: 'profile-name-taken', message: `definition.name: another profile is called ${name}` });
    }
    if (own.existing?.lockedBy !== undefined && problems.length === 0) {
      problems.push({ code: 'profile-locked', message: `run ${own.existing.lockedBy} is changing ${name}` });
    }
    return { worldMark: markOf(own.existing), problems, profile: own.existing };
  }

  private async deletionGrounds(profileId: string): Promise<Grounds> {
    const profile = await this.profile(profileId).catch((error: unknown) => {
      if (isAppError(error, 'inventory.unknown-profile')) return undefined;
      throw error;
    });
    return { worldMark: markOf(profile), problems: deletionProblems(profileId, profile), profile };
  }
}

/** What the grounds of a plan tell whoever makes its saga. */
export function sagaFactsOf(
  request: PlanRequest,
  { preview, profile }: Grounds,
  who: { readonly actor: string; readonly profileId: string | undefined },
): PlanFacts {
  const serverId = 'serverId' in request ? request.serverId : undefined;
  return {
    actor: who.actor,
    ...(who.profileId !== undefined && { profileId: who.profileId as ProfileId }),
    ...(serverId !== undefined && { serverId }),
    ...(profile && { profileName: profile.definition.name }),
    ...(profile && request.kind === 'define-profile' && { previous: profile.definition }),
    ...(preview && { preview }),
  };
}

function deletionProblems(profileId: string, profile: ProfileView | undefined): Problem[] {
  if (!profile) return [{ code: 'unknown-profile', message: `there is no profile ${profileId}` }];
  const { name } = profile.definition;
  const problems: Problem[] = [];
  if (profile.server !== undefined)
    problems.push({ code: 'profile-associated', message: `${name} is on ${profile.server}; disassociate it first` });
  if (profile.lockedBy !== undefined)
    problems.push({ code: 'profile-locked', message: `run ${profile.lockedBy} is changing ${name}` });
  if (profile.formerHolders.length > 0) {
    const holders = profile.formerHolders.map(({ server }) => server).join(', ');
    problems.push({ code: 'former-holders', message: `${holders} may still carry identities of ${name}` });
  }
  return problems;
}

function hasStorage({ vhbas, iscsi, volumes }: ProfileView['definition']): boolean {
  return vhbas.length > 0 || iscsi !== undefined || volumes.length > 0;
}

function markOf(profile: ProfileView | undefined): string {
  if (!profile) return 'no-such-profile';
  const { id, definition, state, serverId, epoch, formerHolders, updatedAt, lockedBy } = profile;
  const facts = JSON.stringify([id, definition, state, serverId, epoch, formerHolders, updatedAt, lockedBy]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 32);
}
