import { z } from 'zod';
import { defineCommand, defineEvent, defineQuery } from './define.js';
import {
  cidrAddress,
  DEVICE_REFUSALS,
  deviceTrust,
  deviceWord,
  evidenceList,
  guards,
  isoTime,
  mac,
  noResult,
  objectName,
  pageInput,
  pageOf,
  profileId,
  raiseEpochsInput,
  sealedCredential,
  serverId,
  vlanId,
} from './schemas.js';
import { vnicSpec } from './server.js';

const service = 'network' as const;

const networkSpec = z.strictObject({
  name: objectName,
  group: objectName.default('default'),
  vlan: vlanId,
  /** IPv4 subnet for static addresses, e.g. `10.20.0.0/16`. */
  subnet: cidrAddress.optional(),
  gateway: z.string().max(40).optional(),
  description: z.string().max(1000).default(''),
});

export const putNetwork = defineCommand({
  service,
  name: 'put-network',
  summary: 'Defines or changes a network.',
  input: networkSpec,
  result: z.strictObject({ changed: z.boolean() }),
  refusals: {
    'vlan-taken': 'another network has this VLAN',
    'vlan-parked': 'this VLAN is the parking VLAN of a switch',
    'network-in-use': 'profiles use the network and the edit would change what they are',
    'invalid-subnet': 'subnet and gateway do not fit together',
  },
});
export const deleteNetwork = defineCommand({
  service,
  name: 'delete-network',
  summary: 'Removes a network nobody uses.',
  input: z.strictObject({ name: objectName }),
  result: noResult,
  refusals: { 'unknown-network': 'no such network', 'network-in-use': 'profiles or network sets use it' },
});
export const putNetworkSet = defineCommand({
  service,
  name: 'put-network-set',
  summary: 'Defines or changes a named set of networks that a vNIC carries tagged.',
  input: z.strictObject({ name: objectName, networks: z.array(objectName).min(1).max(64) }),
  result: z.strictObject({ changed: z.boolean() }),
  refusals: { 'unknown-network': 'a member does not exist', 'network-set-in-use': 'profiles use it' },
});
export const putMacPool = defineCommand({
  service,
  name: 'put-mac-pool',
  summary:
    'Defines a pool of MAC addresses. Without a prefix a random locally administered one is made for this installation.',
  input: z.strictObject({
    name: objectName,
    prefix: z
      .string()
      .regex(/^([0-9a-f]{2}:){2}[0-9a-f]{2}$/)
      .optional(),
  }),
  result: z.strictObject({ prefix: z.string(), changed: z.boolean() }),
  refusals: {
    'prefix-not-local': 'the prefix is not a locally administered unicast one',
    'prefix-reserved': 'the prefix belongs to somebody known',
    'pool-in-use': 'addresses of the pool are assigned',
  },
});
export const putSwitch = defineCommand({
  service,
  name: 'put-switch',
  summary: 'Enrols or changes a network switch.',
  input: z.strictObject({
    name: objectName,
    driver: z.enum(['ovsdb']),
    address: z.string().max(200),
    trust: deviceTrust,
    credential: sealedCredential.optional(),
    parkingVlan: vlanId.default(4094),
    site: objectName.optional(),
  }),
  result: z.strictObject({ changed: z.boolean() }),
  refusals: {
    'address-taken': 'another switch has this address',
    'parking-vlan-in-use': 'a network uses the parking VLAN',
  },
});

/** A vNIC with everything resolved: the MAC that is its own for ever, VLAN numbers, address. */
export const resolvedVnic = z.strictObject({
  name: objectName,
  mac,
  nativeVlan: vlanId.optional(),
  taggedVlans: z.array(vlanId),
  native: objectName.optional(),
  tagged: z.array(objectName),
  address: cidrAddress.optional(),
  gateway: z.string().optional(),
});
export type ResolvedVnic = z.infer<typeof resolvedVnic>;

export const reserveVnics = defineCommand({
  service,
  name: 'reserve-vnics',
  summary: 'Reserves MACs and static addresses for the vNICs of a profile; keeps those it has.',
  input: z.strictObject({ profileId, profile: objectName, vnics: z.array(vnicSpec).max(16) }),
  result: z.strictObject({ vnics: z.array(resolvedVnic), previous: z.array(vnicSpec).optional() }),
  refusals: {
    'unknown-network': 'a vNIC names a network that does not exist',
    'unknown-network-set': 'a vNIC names a network set that does not exist',
    'mac-outside-pool': 'an explicit MAC lies in no pool',
    'mac-taken': 'another profile has this MAC, or it rests',
    'address-outside-subnet': 'a static address is not in the native network',
    'address-taken': 'another vNIC has this address',
    'pool-exhausted': 'no MAC is free',
    'vnic-twice': 'two vNICs have one name',
  },
});
export const releaseVnics = defineCommand({
  service,
  name: 'release-vnics',
  summary:
    'Gives the MACs and addresses of a profile back (they rest for the hold time), or restores the previous vNICs.',
  input: z.strictObject({ profileId, profile: objectName, restore: z.array(vnicSpec).optional() }),
  result: noResult,
});
export const resolveVnics = defineCommand({
  service,
  name: 'resolve-vnics',
  summary: 'What the vNICs of a profile are.',
  input: z.strictObject({ profileId }),
  result: z.strictObject({ vnics: z.array(resolvedVnic) }),
  refusals: { 'unknown-profile': 'nothing is reserved for this profile' },
});

export const raiseNetworkEpochs = defineCommand({
  service,
  name: 'raise-epochs',
  summary: 'Older commands are refused from now on, and old calls to switches have ended.',
  input: raiseEpochsInput,
  result: z.strictObject({ endedCalls: z.int() }),
  effect: 'device',
});

const portRef = z.strictObject({ device: objectName, port: deviceWord });
export const closePorts = defineCommand({
  service,
  name: 'close-ports',
  summary: 'Closes switch ports of a server: no frame passes, saved, read back.',
  input: z.strictObject({ serverId, ports: z.array(portRef).max(64), guards }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const openPorts = defineCommand({
  service,
  name: 'open-ports',
  summary: 'Sets exactly the VLANs of each port and opens it; read back on the data plane.',
  input: z.strictObject({
    serverId,
    ports: z.array(portRef.extend({ nativeVlan: vlanId.optional(), taggedVlans: z.array(vlanId) })).max(64),
    guards,
  }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const readPorts = defineCommand({
  service,
  name: 'read-ports',
  summary: 'Reads ports afresh and compares: all closed, or open with exactly these VLANs.',
  input: z.strictObject({
    serverId,
    ports: z
      .array(
        portRef.extend({
          expect: z.enum(['closed', 'open']),
          nativeVlan: vlanId.optional(),
          taggedVlans: z.array(vlanId).optional(),
        }),
      )
      .max(64),
    guards,
  }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: { ...DEVICE_REFUSALS, 'port-differs': 'a port is not as expected' },
  effect: 'device',
});

export const listNetworks = defineQuery({
  service,
  name: 'list-networks',
  summary: 'Networks.',
  input: z.strictObject(pageInput),
  result: pageOf(networkSpec.extend({ profiles: z.array(objectName) })),
});
export const listNetworkSets = defineQuery({
  service,
  name: 'list-network-sets',
  summary: 'Network sets.',
  input: z.strictObject({}),
  result: z.strictObject({ items: z.array(putNetworkSet.input) }),
});
export const listMacPools = defineQuery({
  service,
  name: 'list-mac-pools',
  summary: 'MAC pools and how full they are.',
  input: z.strictObject({}),
  result: z.strictObject({
    items: z.array(
      z.strictObject({ name: objectName, prefix: z.string(), size: z.int(), assigned: z.int(), resting: z.int() }),
    ),
  }),
});
export const listSwitches = defineQuery({
  service,
  name: 'list-switches',
  summary: 'Switches with their last reading.',
  input: z.strictObject({}),
  result: z.strictObject({
    items: z.array(
      z.strictObject({
        name: objectName,
        driver: z.string(),
        address: z.string(),
        parkingVlan: vlanId,
        reachable: z.boolean().optional(),
        readAt: isoTime.optional(),
        ports: z.int().optional(),
        problem: z.string().optional(),
      }),
    ),
  }),
});
export const getSwitchPorts = defineQuery({
  service,
  name: 'get-switch-ports',
  summary: 'Ports of one switch as last read.',
  input: z.strictObject({ name: objectName }),
  result: z.strictObject({
    readAt: isoTime.optional(),
    ports: z.array(
      z.strictObject({
        port: deviceWord,
        state: z.enum(['open', 'closed']),
        nativeVlan: z.int().optional(),
        taggedVlans: z.array(z.int()),
        carriesEverything: z.boolean(),
      }),
    ),
  }),
});
export const previewVnics = defineQuery({
  service,
  name: 'preview-vnics',
  summary: 'Whether reserve-vnics would accept these, and what they would become.',
  input: z.strictObject({ profile: objectName, vnics: z.array(vnicSpec) }),
  result: z.strictObject({
    problems: z.array(z.strictObject({ path: z.string(), code: z.string(), message: z.string() })),
    vnics: z.array(resolvedVnic.partial({ mac: true })),
  }),
});
export const getVnics = defineQuery({
  service,
  name: 'get-vnics',
  summary: 'The reserved vNICs of a profile.',
  input: z.strictObject({ profileId }),
  result: z.strictObject({ vnics: z.array(resolvedVnic) }),
});

export const networkDefined = defineEvent({
  service,
  name: 'network-defined',
  summary: 'A network was created or changed.',
  data: z.strictObject({ network: objectName, vlan: vlanId }),
});
export const switchEnrolled = defineEvent({
  service,
  name: 'switch-enrolled',
  summary: 'A switch was enrolled or changed.',
  data: z.strictObject({ switch: objectName, address: z.string() }),
});
export const portsClosed = defineEvent({
  service,
  name: 'ports-closed',
  summary: 'Switch ports of a server were closed.',
  data: z.strictObject({ serverId, evidence: evidenceList }),
});
export const portsOpened = defineEvent({
  service,
  name: 'ports-opened',
  summary: 'Switch ports of a server were opened.',
  data: z.strictObject({ serverId, evidence: evidenceList }),
});
