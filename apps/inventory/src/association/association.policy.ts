import type { Guard, inventory } from '@rackwright/contracts';
import type { ProfileEntity } from '../profile/profile.entity.js';
import type { ServerEntity } from '../server/server.entity.js';

export interface AssociationFacts {
  readonly kind: inventory.AssociationKind;
  /** The saga that asks; undefined for a preview. */
  readonly sagaId: string | undefined;
  readonly profile: ProfileEntity | null;
  readonly source: ServerEntity | null;
  readonly target: ServerEntity | null;
  /** Former holders of the profile without the source. */
  readonly holders: readonly ServerEntity[];
}

export interface AssociationProblem {
  readonly code: string;
  readonly message: string;
}

/** Why a change of association cannot begin; undefined when it can. Qualification is judged apart. Pure. */
export function associationProblem(facts: AssociationFacts): AssociationProblem | undefined {
  return facts.kind === 'fence'
    ? fenceProblem(facts)
    : (profileProblem(facts) ?? targetProblem(facts) ?? holderProblem(facts));
}

const isLockedByOther = (lockedBy: string | null, sagaId: string | undefined): lockedBy is string =>
  lockedBy !== null && lockedBy !== sagaId;

function fenceProblem({ sagaId, source, profile }: AssociationFacts): AssociationProblem | undefined {
  if (!source) return { code: 'unknown-server', message: 'there is no such server' };
  if (isLockedByOther(source.lockedBy, sagaId))
    return { code: 'server-locked', message: `run ${source.lockedBy} is changing ${source.name}` };
  if (profile && isLockedByOther(profile.lockedBy, sagaId))
    return { code: 'profile-locked', message: `run ${profile.lockedBy} is changing ${profile.name}` };
  if (source.facts === null)
    return { code: 'server-not-available', message: `${source.name} has not been discovered yet` };
  return undefined;
}

function profileProblem({ kind, sagaId, profile, source }: AssociationFacts): AssociationProblem | undefined {
  if (!profile) return { code: 'unknown-profile', message: 'there is no such profile' };
  if (profile.state !== 'ready')
    return { code: 'profile-not-ready', message: `${profile.name} is a draft: not all of its identities are reserved` };
  if (isLockedByOther(profile.lockedBy, sagaId))
    return { code: 'profile-locked', message: `run ${profile.lockedBy} is changing ${profile.name}` };
  if (kind === 'associate' && profile.serverId !== null)
    return {
      code: 'profile-associated',
      message: `${profile.name} is on ${source?.name ?? 'a server'} already; migrate it`,
    };
  if (kind !== 'associate' && profile.serverId === null)
    return { code: 'profile-not-associated', message: `${profile.name} is on no server` };
  if (source && isLockedByOther(source.lockedBy, sagaId))
    return { code: 'server-locked', message: `run ${source.lockedBy} is changing ${source.name}` };
  if (source?.lifecycle === 'maintenance')
    return {
      code: 'server-not-available',
      message: `${source.name} is in maintenance; nothing touches it until that ends`,
    };
  return undefined;
}

function targetProblem({ kind, sagaId, profile, source, target }: AssociationFacts): AssociationProblem | undefined {
  if (kind === 'disassociate') return undefined;
  if (!target) return { code: 'unknown-server', message: 'there is no such server' };
  if (target.id === source?.id)
    return { code: 'profile-already-there', message: `${profile?.name ?? 'the profile'} is on ${target.name} already` };
  if (isLockedByOther(target.lockedBy, sagaId))
    return { code: 'server-locked', message: `run ${target.lockedBy} is changing ${target.name}` };
  if (target.lifecycle === 'assigned')
    return {
      code: 'server-not-available',
      message: `${target.name} is assigned: another server profile is on it; migrate or disassociate that one first`,
    };
  if (target.lifecycle !== 'available')
    return { code: 'server-not-available', message: `${target.name} is ${target.lifecycle}` };
  return undefined;
}

function holderProblem({ sagaId, holders }: AssociationFacts): AssociationProblem | undefined {
  const locked = holders.find((holder) => isLockedByOther(holder.lockedBy, sagaId));
  return (
    locked && {
      code: 'server-locked',
      message: `run ${locked.lockedBy} is changing ${locked.name}, which may still carry this profile`,
    }
  );
}

/** The epochs in force, as every device command of the saga carries them. Pure. */
export function guardsOf(profile: ProfileEntity | null, servers: readonly ServerEntity[]): Guard[] {
  const subjects = [...(profile ? [profile] : []), ...servers];
  return [...new Map(subjects.map((subject) => [subject.id, { subject: subject.id, epoch: subject.epoch }])).values()];
}

/** What a plan rests on, as one word that changes when any of it does. Pure. */
export function worldMarkOf(facts: AssociationFacts, cabling: unknown): string {
  const { profile, source, target, holders } = facts;
  const servers = [source, target, ...holders].map(
    (server) => server && [server.id, server.epoch, server.lifecycle, server.pool],
  );
  return JSON.stringify([
    profile && [profile.id, profile.epoch, profile.serverId, profile.updatedAt.toISOString()],
    servers,
    cabling,
  ]);
}

/** What becomes of a server when its saga lets go of it. Pure. */
export function lifecycleAfter(
  server: Pick<ServerEntity, 'lifecycle' | 'profileId'>,
  facts: { readonly quarantine: boolean; readonly mayCarryIdentity: boolean },
): ServerEntity['lifecycle'] {
  // Only a person takes a server out of quarantine, whatever became of the saga that dealt with it.
  if (facts.quarantine || server.lifecycle === 'quarantined') return 'quarantined';
  if (server.profileId !== null) return server.lifecycle === 'maintenance' ? 'maintenance' : 'assigned';
  if (facts.mayCarryIdentity) return 'quarantined';
  return server.lifecycle === 'assigned' ? 'available' : server.lifecycle;
}
