import { z } from 'zod';
import { defineEvent, defineQuery } from '../define.js';
import {
  architecture,
  evidenceList,
  isoTime,
  objectName,
  pageInput,
  pageOf,
  profileId,
  serverId,
  uuid,
} from '../schemas.js';
import {
  cablingEnd,
  portFacts,
  powerState,
  profileDefinition,
  qualification,
  sagaProfile,
  sagaServer,
  serverLifecycle,
} from '../server.js';
import { beginAssociation } from './association.js';
import { putSite } from './servers-and-profiles.js';

const service = 'inventory' as const;

export const serverView = z.strictObject({
  id: serverId,
  name: objectName,
  site: objectName.optional(),
  rack: objectName.optional(),
  position: z.string().optional(),
  chassis: z.string().optional(),
  powerFeeds: z.array(z.string()),
  pool: objectName.optional(),
  lifecycle: serverLifecycle,
  vendor: z.string().optional(),
  model: z.string().optional(),
  serial: z.string().optional(),
  boardSerial: z.string(),
  uuid: uuid.optional(),
  architecture: architecture.optional(),
  processorCount: z.int().optional(),
  cores: z.int().optional(),
  memoryGiB: z.number().optional(),
  bmc: objectName.optional(),
  driver: z.string().optional(),
  /** Freshness: nothing older than its bound is shown as fact; then the state is `unknown`. */
  power: z.strictObject({
    state: powerState,
    at: isoTime.optional(),
    source: z.string().optional(),
    watts: z.number().optional(),
  }),
  profile: objectName.optional(),
  profileId: profileId.optional(),
  lockedBy: z.string().optional(),
  epoch: z.int(),
  factsAt: isoTime.optional(),
  ports: z.array(portFacts.extend({ cabling: cablingEnd.optional() })),
  gaps: z.array(z.string()),
});
export type ServerView = z.infer<typeof serverView>;

export const profileView = z.strictObject({
  id: profileId,
  definition: profileDefinition,
  uuid,
  state: z.enum(['draft', 'ready']),
  serverId: serverId.optional(),
  server: objectName.optional(),
  epoch: z.int(),
  lockedBy: z.string().optional(),
  formerHolders: z.array(z.strictObject({ serverId, server: objectName, since: isoTime })),
  updatedAt: isoTime,
});
export type ProfileView = z.infer<typeof profileView>;

export const listServers = defineQuery({
  service,
  name: 'list-servers',
  summary: 'Servers, filtered, in pages.',
  input: z.strictObject({
    ...pageInput,
    lifecycle: serverLifecycle.optional(),
    pool: objectName.optional(),
    site: objectName.optional(),
    power: powerState.optional(),
    /** Name, serial, MAC, WWPN (any notation), model: a part is enough. */
    search: z.string().max(200).optional(),
  }),
  result: pageOf(serverView),
});
export const getServer = defineQuery({
  service,
  name: 'get-server',
  summary: 'One server by id or name.',
  input: z.strictObject({ server: z.string().max(100) }),
  result: serverView,
});
export const listProfiles = defineQuery({
  service,
  name: 'list-profiles',
  summary: 'Server profiles, filtered, in pages.',
  input: z.strictObject({
    ...pageInput,
    group: objectName.optional(),
    associated: z.boolean().optional(),
    search: z.string().max(200).optional(),
  }),
  result: pageOf(profileView),
});
export const getProfile = defineQuery({
  service,
  name: 'get-profile',
  summary: 'One profile by id or name.',
  input: z.strictObject({ profile: z.string().max(100) }),
  result: profileView,
});
export const listSites = defineQuery({
  service,
  name: 'list-sites',
  summary: 'Sites with their racks.',
  input: z.strictObject({}),
  result: z.strictObject({ items: z.array(putSite.input) }),
});
export const listServerPools = defineQuery({
  service,
  name: 'list-server-pools',
  summary: 'Server pools with how many servers are in them and free.',
  input: z.strictObject({}),
  result: z.strictObject({
    items: z.array(
      z.strictObject({
        name: objectName,
        description: z.string(),
        qualification: qualification.omit({ pool: true }),
        servers: z.int(),
        available: z.int(),
      }),
    ),
  }),
});

/** Why a server cannot take a profile: a stable code and a sentence for people. */
export const placementReason = z.strictObject({ code: z.string(), message: z.string() });
export const placeProfile = defineQuery({
  service,
  name: 'place-profile',
  summary: 'Which servers qualify for a profile, best first, and for every other one why not.',
  input: z.strictObject({
    profile: z.string().max(100),
    pool: objectName.optional(),
    server: z.string().max(100).optional(),
  }),
  result: z.strictObject({
    candidates: z.array(z.strictObject({ serverId, server: objectName, score: z.number(), why: z.array(z.string()) })),
    rejected: z.array(z.strictObject({ serverId, server: objectName, reasons: z.array(placementReason).min(1) })),
  }),
});

/** What begin-association would say, without doing it: the plan is made of this. */
export const previewAssociation = defineQuery({
  service,
  name: 'preview-association',
  summary: 'What a change of association would deal with: servers, ports, former holders, or why it is refused.',
  input: beginAssociation.input,
  result: z.strictObject({
    refusal: z
      .strictObject({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() })
      .optional(),
    profile: sagaProfile.optional(),
    source: sagaServer.optional(),
    target: sagaServer.optional(),
    formerHolders: z.array(sagaServer),
    /** Changes whenever something the plan rests on has moved: an approved plan runs only while it is the same. */
    worldMark: z.string(),
  }),
});
export const previewProfile = defineQuery({
  service,
  name: 'preview-profile',
  summary: 'Whether put-profile would accept this definition.',
  input: z.strictObject({ definition: profileDefinition }),
  result: z.strictObject({
    problems: z.array(z.strictObject({ path: z.string(), code: z.string(), message: z.string() })),
    existing: profileView.optional(),
  }),
});

export const serverRegistered = defineEvent({
  service,
  name: 'server-registered',
  summary: 'A server was found for the first time.',
  data: z.strictObject({ serverId, server: objectName, boardSerial: z.string(), model: z.string().optional() }),
});
export const serverChanged = defineEvent({
  service,
  name: 'server-changed',
  summary: 'Facts, place or life cycle of a server changed.',
  data: z.strictObject({ serverId, server: objectName, changed: z.array(z.string()), lifecycle: serverLifecycle }),
});
export const profileDefined = defineEvent({
  service,
  name: 'profile-defined',
  summary: 'A profile was created or changed and is usable.',
  data: z.strictObject({ profileId, profile: objectName }),
});
export const profileDeleted = defineEvent({
  service,
  name: 'profile-deleted',
  summary: 'A profile was removed.',
  data: z.strictObject({ profileId, profile: objectName }),
});
export const profileAssociated = defineEvent({
  service,
  name: 'profile-associated',
  summary: 'A profile belongs to a server from now on.',
  data: z.strictObject({
    profileId,
    profile: objectName,
    serverId,
    server: objectName,
    previousServerId: serverId.optional(),
    evidence: evidenceList,
  }),
});
export const profileDisassociated = defineEvent({
  service,
  name: 'profile-disassociated',
  summary: 'A profile was taken off its server.',
  data: z.strictObject({ profileId, profile: objectName, serverId: serverId.optional(), evidence: evidenceList }),
});
export const findingRaised = defineEvent({
  service,
  name: 'finding-raised',
  summary: 'Something does not match the manifest.',
  data: z.strictObject({ code: z.string(), message: z.string(), subject: z.string() }),
});
