import { z } from 'zod';
import { defineCommand } from '../define.js';
import { evidenceList, guards, noResult, profileId, serverId } from '../schemas.js';
import { sagaProfile, sagaServer } from '../server.js';

const service = 'inventory' as const;

export const associationKind = z.enum(['associate', 'disassociate', 'migrate', 'fence']);
export type AssociationKind = z.infer<typeof associationKind>;

/** Reserve: locks the profile and the servers for this saga, raises their epochs and tells the saga whom it deals with. */
export const beginAssociation = defineCommand({
  service,
  name: 'begin-association',
  summary: 'Locks profile and servers for a saga, raises their epochs, maps vNICs and vHBAs onto ports.',
  input: z.strictObject({
    kind: associationKind,
    profileId: profileId.optional(),
    targetServerId: serverId.optional(),
    actor: z.string().max(200).optional(),
  }),
  result: z.strictObject({
    profile: sagaProfile.optional(),
    source: sagaServer.optional(),
    target: sagaServer.optional(),
    /** Every server the journal ever began to programme with this profile and nobody has proven clean, without the source. */
    formerHolders: z.array(sagaServer),
    guards,
  }),
  refusals: {
    'unknown-profile': 'no such profile',
    'profile-not-ready': 'the profile is a draft',
    'profile-locked': 'another change of this profile is running',
    'profile-not-associated': 'the profile is on no server',
    'profile-already-there': 'the profile is on that server already',
    'profile-associated': 'the profile is on a server already; migrate it',
    'unknown-server': 'no such server',
    'server-locked': 'another change of this server is running',
    'server-not-available': 'the server is not available',
    'not-qualified': 'the server does not qualify; details say why',
  },
});

export const raiseEpochs = defineCommand({
  service,
  name: 'raise-epochs',
  summary: 'Raises the epochs of the profile and servers of a saga again: at its turn, and at every next target.',
  input: z.strictObject({ profileId: profileId.optional(), serverIds: z.array(serverId).max(20) }),
  result: z.strictObject({ guards }),
  refusals: { 'not-locked': 'the saga does not hold these locks' },
});

export const recordFormerHolder = defineCommand({
  service,
  name: 'record-former-holder',
  summary:
    'Notes, before the first programming command, that a server may from now on carry the identity of a profile.',
  input: z.strictObject({ profileId, serverId }),
  result: noResult,
  refusals: { 'not-locked': 'the saga does not hold these locks' },
});

export const clearFormerHolder = defineCommand({
  service,
  name: 'clear-former-holder',
  summary: 'Takes a server off the former holders of a profile, on evidence that it is clean or cut for good.',
  input: z.strictObject({ profileId, serverId, evidence: evidenceList }),
  result: noResult,
  refusals: {
    'not-locked': 'the saga does not hold these locks',
    'evidence-missing': 'no evidence that the identity is gone from the machine',
  },
});

/** Read for the recheck before ports are opened: the epoch in force, the holders, the locks. */
export const checkAssociation = defineCommand({
  service,
  name: 'check-association',
  summary: 'Confirms that the saga still holds its locks and that its epochs are the current ones.',
  input: z.strictObject({ profileId: profileId.optional(), guards, targetServerId: serverId.optional() }),
  result: z.strictObject({ formerHolders: z.array(serverId) }),
  refusals: { 'not-locked': 'the saga does not hold its locks any more', 'stale-epoch': 'a newer epoch is in force' },
});

export const commitAssociation = defineCommand({
  service,
  name: 'commit-association',
  summary: 'Makes the profile belong to the server: the point of no return of a move.',
  input: z.strictObject({ profileId, serverId, evidence: evidenceList }),
  result: z.strictObject({ previousServerId: serverId.optional() }),
  refusals: { 'not-locked': 'the saga does not hold these locks' },
});

export const endAssociation = defineCommand({
  service,
  name: 'end-association',
  summary: 'Takes the profile off its server.',
  input: z.strictObject({ profileId, evidence: evidenceList }),
  result: z.strictObject({ serverId: serverId.optional() }),
  refusals: { 'not-locked': 'the saga does not hold these locks' },
});

export const releaseAssociation = defineCommand({
  service,
  name: 'release-association',
  summary: 'Gives the locks of a saga back; a server ends available, assigned, or quarantined.',
  input: z.strictObject({
    quarantine: z
      .array(z.strictObject({ serverId, reason: z.string().max(500) }))
      .max(20)
      .default([]),
  }),
  result: z.strictObject({ released: z.array(z.string()) }),
});
