import { z } from 'zod';
import { defineCommand } from '../define.js';
import {
  architecture,
  bmcId,
  deviceWord,
  isoTime,
  noResult,
  objectName,
  profileId,
  serverId,
  uuid,
} from '../schemas.js';
import { hardwareFacts, profileDefinition, qualification, serverLifecycle } from '../server.js';

const service = 'inventory' as const;

export const putSite = defineCommand({
  service,
  name: 'put-site',
  summary: 'Defines or changes a site and its racks.',
  input: z.strictObject({
    name: objectName,
    description: z.string().max(1000).default(''),
    racks: z
      .array(z.strictObject({ name: objectName, units: z.int().min(1).max(60).default(42) }))
      .max(1000)
      .default([]),
  }),
  result: z.strictObject({ changed: z.boolean() }),
});

export const putServerPool = defineCommand({
  service,
  name: 'put-server-pool',
  summary: 'Defines or changes a server pool.',
  input: z.strictObject({
    name: objectName,
    description: z.string().max(1000).default(''),
    qualification: qualification.omit({ pool: true }).default({}),
  }),
  result: z.strictObject({ changed: z.boolean() }),
});

/** The expected-servers manifest: a machine nobody expected, or with another serial, is a finding and not a new server. */
export const putServer = defineCommand({
  service,
  name: 'put-server',
  summary: 'Declares a server that is expected: its name, serial, place, pool and cabling.',
  input: z.strictObject({
    name: objectName,
    boardSerial: z.string().min(1).max(200),
    /** Name of the BMC that manages it. */
    bmc: objectName.optional(),
    site: objectName.optional(),
    rack: objectName.optional(),
    position: z.string().max(60).optional(),
    chassis: z.string().max(100).optional(),
    powerFeeds: z.array(z.string().max(60)).max(8).default([]),
    pool: objectName.optional(),
    /** For protocols that do not tell (IPMI). */
    architecture: architecture.optional(),
    cabling: z
      .array(z.strictObject({ port: deviceWord, device: objectName, devicePort: deviceWord }))
      .max(64)
      .default([]),
  }),
  result: z.strictObject({ serverId, changed: z.boolean() }),
  refusals: {
    'serial-taken': 'another server has this serial',
    'server-name-taken': 'another machine has this name',
    'unknown-site': 'no such site',
    'unknown-pool': 'no such server pool',
    'port-cabled-twice': 'the same switch or fabric port is given to two server ports',
    'server-in-use': 'cabling and pool of a server with a profile or a running change cannot be edited',
  },
});

export const registerServer = defineCommand({
  service,
  name: 'register-server',
  summary: 'Records what a BMC told about its machine; makes or updates the server.',
  input: z.strictObject({
    bmcId,
    bmcName: objectName,
    driver: z.string().max(40),
    facts: hardwareFacts,
    readAt: isoTime,
    source: z.string().max(500),
  }),
  result: z.strictObject({ serverId, created: z.boolean(), changed: z.array(z.string()) }),
  refusals: {
    'no-serial': 'the machine tells no board, chassis or system serial',
    'serial-mismatch': 'this BMC is declared to manage a machine with another serial',
  },
});

export const setServerLifecycle = defineCommand({
  service,
  name: 'set-server-lifecycle',
  summary: 'Moves a server in its life cycle: into and out of maintenance, out of quarantine, retired.',
  input: z.strictObject({
    serverId,
    to: z.enum(['available', 'maintenance', 'quarantined', 'retired']),
    reason: z.string().min(1).max(500),
  }),
  result: z.strictObject({ from: serverLifecycle, to: serverLifecycle }),
  refusals: {
    'unknown-server': 'no such server',
    'server-locked': 'a change is running on this server',
    'not-allowed': 'this life-cycle step does not exist',
    'former-holder': 'the server may still carry an identity; associating or migrating that profile clears it',
  },
});

export const putProfile = defineCommand({
  service,
  name: 'put-profile',
  summary: 'Stores a server profile as a draft: visible, not yet usable.',
  input: z.strictObject({ profileId, definition: profileDefinition }),
  result: z.strictObject({ profileId, uuid, created: z.boolean(), previous: profileDefinition.optional() }),
  refusals: {
    'profile-locked': 'a change is running on this profile',
    'profile-associated':
      'the profile is on a server and the edit would change what the server is; disassociate it first',
    'unknown-pool': 'the qualification names no known server pool',
    'uuid-taken': 'another profile or server has this UUID',
    'profile-name-taken': 'another profile has this name',
    'two-boot-volumes': 'more than one volume is marked as the one to boot from',
    'no-initiator': 'volumes without a vHBA or an iSCSI initiator to reach them through',
    'unknown-vnic': 'the iSCSI initiator names a vNIC the profile does not have',
    'name-twice': 'two vNICs or two vHBAs have one name',
  },
});
export const activateProfile = defineCommand({
  service,
  name: 'activate-profile',
  summary: 'Makes a stored profile usable: all its identities are reserved.',
  input: z.strictObject({ profileId }),
  result: noResult,
  refusals: { 'unknown-profile': 'no such profile' },
});
export const withdrawProfile = defineCommand({
  service,
  name: 'withdraw-profile',
  summary: 'Puts a profile back to what it was before put-profile, or removes it when it was new.',
  input: z.strictObject({ profileId, previous: profileDefinition.optional() }),
  result: noResult,
});
export const deleteProfile = defineCommand({
  service,
  name: 'delete-profile',
  summary: 'Removes a profile that is on no server and has no former holders.',
  input: z.strictObject({ profileId }),
  result: noResult,
  refusals: {
    'unknown-profile': 'no such profile',
    'profile-associated': 'the profile is on a server',
    'profile-locked': 'a change is running on this profile',
    'former-holders': 'machines may still carry its identities',
  },
});
