import { z } from 'zod';
import { defineCommand } from '../define.js';
import { deviceTrust, iqn, lunId, noResult, objectName, profileId, sealedCredential, wwn } from '../schemas.js';
import { iscsiSpec, sanBootTarget, vhbaSpec, volumeSpec } from '../server.js';

const service = 'storage-identity' as const;

export const putWwnPool = defineCommand({
  service,
  name: 'put-wwn-pool',
  summary: 'Defines the pool of World Wide Names (ports and nodes share one namespace).',
  input: z.strictObject({
    name: objectName,
    /** Locally administered three-octet prefix of the EUI-48 inside the name. */ prefix: z
      .string()
      .regex(/^([0-9a-f]{2}:){2}[0-9a-f]{2}$/)
      .optional(),
  }),
  result: z.strictObject({ prefix: z.string(), changed: z.boolean() }),
  refusals: {
    'prefix-not-local': 'the prefix is not a locally administered unicast one',
    'prefix-reserved': 'the prefix belongs to somebody known',
    'pool-in-use': 'names of the pool are assigned',
  },
});
export const putIqnPool = defineCommand({
  service,
  name: 'put-iqn-pool',
  summary: 'Defines the pool of iSCSI qualified names: a prefix to which the profile name is added.',
  input: z.strictObject({ name: objectName, prefix: iqn }),
  result: z.strictObject({ changed: z.boolean() }),
  refusals: { 'pool-in-use': 'names of the pool are assigned' },
});
export const putFabric = defineCommand({
  service,
  name: 'put-fabric',
  summary: 'Enrols or changes a Fibre Channel fabric, reached through one of its switches.',
  input: z.strictObject({
    name: objectName,
    driver: z.enum(['brocade-fos']),
    address: z.string().max(200),
    trust: deviceTrust,
    credential: sealedCredential.optional(),
    site: objectName.optional(),
  }),
  result: z.strictObject({ changed: z.boolean() }),
  refusals: { 'address-taken': 'another fabric has this address' },
});
export const putArray = defineCommand({
  service,
  name: 'put-array',
  summary: 'Enrols or changes a storage array.',
  input: z.strictObject({
    name: objectName,
    driver: z.enum(['dell-powerstore', 'tgt']),
    address: z.string().max(200),
    trust: deviceTrust,
    credential: sealedCredential.optional(),
    site: objectName.optional(),
    /** Driver options, e.g. the tgt control port; the driver's README lists them. */
    options: z.record(z.string(), z.string()).default({}),
  }),
  result: z.strictObject({ changed: z.boolean() }),
  refusals: { 'address-taken': 'another array has this address' },
});
export const putVolume = defineCommand({
  service,
  name: 'put-volume',
  summary: 'Gives a volume that exists on an array a name in Rackwright.',
  input: z.strictObject({
    name: objectName,
    array: objectName,
    /** The volume as the array calls it. */ arrayVolume: z.string().min(1).max(200),
    shared: z.boolean().default(false),
    group: objectName.default('default'),
  }),
  result: z.strictObject({ changed: z.boolean() }),
  refusals: {
    'unknown-array': 'no such array',
    'volume-taken': 'another name stands for this volume already',
    'volume-in-use': 'profiles use it',
  },
});

export const resolvedVhba = z.strictObject({
  name: objectName,
  fabric: objectName,
  wwpn: wwn,
  wwnn: wwn,
  bootTargets: z.array(sanBootTarget),
});
export const resolvedIscsi = z.strictObject({
  vnic: objectName,
  initiator: iqn,
  /** As the profile says it: with or without the length of its prefix. */ address: z.string().max(40).optional(),
  bootTargets: z.array(sanBootTarget),
});
export const resolvedStorage = z.strictObject({
  vhbas: z.array(resolvedVhba),
  iscsi: resolvedIscsi.optional(),
  volumes: z.array(z.strictObject({ volume: objectName, array: objectName, lun: lunId, boot: z.boolean() })),
  fabrics: z.array(objectName),
});
export type ResolvedStorage = z.infer<typeof resolvedStorage>;

/** The storage part of a profile. */
export const initiatorsSpec = z.strictObject({
  vhbas: z.array(vhbaSpec).max(8),
  iscsi: iscsiSpec.optional(),
  volumes: z.array(volumeSpec).max(64),
});
export const reserveInitiators = defineCommand({
  service,
  name: 'reserve-initiators',
  summary: 'Reserves WWNs and IQN of a profile and its LUN ids; keeps those it has.',
  input: z.strictObject({ profileId, profile: objectName, spec: initiatorsSpec }),
  result: z.strictObject({ storage: resolvedStorage, previous: initiatorsSpec.optional() }),
  refusals: {
    'unknown-fabric': 'a vHBA names a fabric that does not exist',
    'unknown-volume': 'no such volume',
    'volume-in-use': 'another profile uses this volume and it is not shared',
    'lun-in-use': 'two volumes of the profile have one LUN id on one array',
    'wwn-outside-pool': 'an explicit WWN lies in no pool',
    'wwn-taken': 'another profile has this WWN, or it rests',
    'iqn-outside-pool': 'an explicit IQN lies in no pool',
    'iqn-taken': 'another profile has this IQN, or it rests',
    'pool-exhausted': 'no name is free, or there is no pool',
    'no-path': 'a volume is on an array that none of the profile’s initiators can reach',
  },
});
export const releaseInitiators = defineCommand({
  service,
  name: 'release-initiators',
  summary: 'Gives WWNs and IQN of a profile back (they rest), or restores the previous ones.',
  input: z.strictObject({ profileId, profile: objectName, restore: initiatorsSpec.optional() }),
  result: noResult,
});
/** A profile with zones or masks left must not be forgotten: nobody would know whose they are. */
export const confirmNoAccess = defineCommand({
  service,
  name: 'confirm-no-access',
  summary: 'Confirms that no zone and no mask of a profile is left.',
  input: z.strictObject({ profileId }),
  result: noResult,
  refusals: { 'access-left': 'zones or masks of the profile are left; disassociate it with its access first' },
});
export const resolveInitiators = defineCommand({
  service,
  name: 'resolve-initiators',
  summary:
    'What the initiators, boot targets and LUNs of a profile are (boot targets as last read from arrays and fabrics).',
  input: z.strictObject({ profileId }),
  result: z.strictObject({ storage: resolvedStorage }),
  refusals: {
    'unknown-profile': 'nothing is reserved for this profile',
    'no-boot-target': 'the array shows no target for the boot volume',
  },
});
