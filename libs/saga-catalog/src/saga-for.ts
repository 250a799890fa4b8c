import type { coordinator, inventory, ProfileDefinition, ResultOf } from '@rackwright/contracts';
import type { ProfileId, ServerId } from '@rackwright/kernel';
import type { SagaDefinition } from '@rackwright/saga';
import { associateProfile } from './associate-profile.saga.js';
import { defineProfile } from './define-profile.saga.js';
import { deleteProfile } from './delete-profile.saga.js';
import { disassociateProfile } from './disassociate-profile.saga.js';
import { fenceServer } from './fence-server.saga.js';
import { migrateProfile } from './migrate-profile.saga.js';

/** How long an operating system gets to shut down by itself before its server is switched off. */
export const GRACE_MS = 60_000;

/** What a plan knows beyond its request. */
export interface PlanFacts {
  readonly actor: string;
  /** Id of the profile: the existing one, or the new one of define-profile. */
  readonly profileId?: ProfileId;
  /** The server that was asked for, or the best candidate. */
  readonly serverId?: ServerId;
  /** What the profile is now, where define-profile changes one. */
  readonly previous?: ProfileDefinition;
  readonly profileName?: string;
  readonly preview?: ResultOf<typeof inventory.previewAssociation>;
}

/** The saga that carries a request out, its input, and its name for people. */
export interface SagaToStart {
  readonly definition: SagaDefinition;
  readonly input: unknown;
  readonly title: string;
}

/** Every version of every saga: open journals of an older version are finished by its own code. */
export const CATALOG: readonly SagaDefinition[] = [
  associateProfile,
  migrateProfile,
  disassociateProfile,
  fenceServer,
  defineProfile,
  deleteProfile,
] as readonly SagaDefinition[];

/** Which saga a request means. Throws when the facts lack what the request leaves open. */
export function sagaFor(request: coordinator.PlanRequest, facts: PlanFacts): SagaToStart {
  const { actor, preview } = facts;
  const name = preview?.profile?.name ?? facts.profileName ?? facts.profileId ?? 'profile';
  const from = preview?.source?.name ?? 'its server';
  const to = preview?.target?.name ?? 'a server';
  switch (request.kind) {
    case 'define-profile': {
      const input = {
        profileId: needed(facts.profileId),
        definition: request.definition,
        ...(facts.previous && { previous: facts.previous }),
      };
      return start(defineProfile, input, `${facts.previous ? 'change' : 'define'} profile ${request.definition.name}`);
    }
    case 'delete-profile':
      return start(
        deleteProfile,
        { profileId: request.profileId, profile: facts.profileName ?? name },
        `delete profile ${name}`,
      );
    case 'associate':
      return start(
        associateProfile,
        { profileId: request.profileId, targetServerId: needed(facts.serverId), actor },
        `associate ${name} with ${to}`,
      );
    case 'migrate':
      return start(
        migrateProfile,
        {
          profileId: request.profileId,
          targetServerId: needed(facts.serverId),
          graceMs: request.graceMs ?? GRACE_MS,
          actor,
        },
        `migrate ${name} from ${from} to ${to}`,
      );
    case 'disassociate':
      return start(
        disassociateProfile,
        {
          profileId: request.profileId,
          removeAccess: request.removeAccess,
          graceMs: request.graceMs ?? GRACE_MS,
          actor,
        },
        `disassociate ${name} from ${from}`,
      );
    case 'fence':
      return start(
        fenceServer,
        { serverId: request.serverId, reason: request.reason, actor },
        `fence ${preview?.source?.name ?? request.serverId}`,
      );
  }
}

function start(definition: unknown, input: unknown, title: string): SagaToStart {
  return { definition: definition as SagaDefinition, input, title };
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the plan does not say enough to start its saga');
  return value;
}
