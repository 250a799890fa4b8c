import { z } from 'zod';
import { defineCommand } from '../define.js';
import {
  DEVICE_REFUSALS,
  deviceWord,
  evidenceList,
  guards,
  objectName,
  profileId,
  raiseEpochsInput,
  serverId,
} from '../schemas.js';

const service = 'storage-identity' as const;

export const raiseStorageEpochs = defineCommand({
  service,
  name: 'raise-epochs',
  summary: 'Older commands are refused from now on, and old calls to fabrics and arrays have ended.',
  input: raiseEpochsInput,
  result: z.strictObject({ endedCalls: z.int() }),
  effect: 'device',
});

const profileDevice = z.strictObject({ profileId, guards });
const fabricDevice = z.strictObject({ profileId, fabric: objectName, guards });
const changedWithEvidence = z.strictObject({ changed: z.boolean(), evidence: evidenceList });
export const ensureMasks = defineCommand({
  service,
  name: 'ensure-masks',
  summary: 'Makes the array host objects of a profile: its initiators and exactly its LUNs.',
  input: profileDevice,
  result: changedWithEvidence,
  refusals: { ...DEVICE_REFUSALS, 'unknown-profile': 'nothing is reserved for this profile' },
  effect: 'device',
});
export const removeMasks = defineCommand({
  service,
  name: 'remove-masks',
  summary: 'Removes the array host objects of a profile.',
  input: profileDevice,
  result: changedWithEvidence,
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const ensureZones = defineCommand({
  service,
  name: 'ensure-zones',
  summary:
    'Makes the single-initiator zones of a profile in one fabric; merged with others into one fabric transaction.',
  input: fabricDevice,
  result: changedWithEvidence,
  refusals: { ...DEVICE_REFUSALS, 'unknown-profile': 'nothing is reserved for this profile' },
  effect: 'device',
});
export const removeZones = defineCommand({
  service,
  name: 'remove-zones',
  summary: 'Removes the zones of a profile in one fabric.',
  input: fabricDevice,
  result: changedWithEvidence,
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const checkAccess = defineCommand({
  service,
  name: 'check-access',
  summary: 'Reads masks and zones of a profile and compares them with what it should have. Changes nothing.',
  input: z.strictObject({ profileId, guards, expect: z.enum(['present', 'absent']).default('present') }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: { ...DEVICE_REFUSALS, 'access-differs': 'masks or zones are not as they should be' },
  effect: 'device',
});

const sanPortRef = z.strictObject({ device: objectName, port: deviceWord });
export const closeSanPorts = defineCommand({
  service,
  name: 'close-san-ports',
  summary: 'Closes Fibre Channel ports of a server, persistently, read back.',
  input: z.strictObject({ serverId, ports: z.array(sanPortRef).max(64), guards }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const openSanPorts = defineCommand({
  service,
  name: 'open-san-ports',
  summary: 'Opens Fibre Channel ports of a server, read back.',
  input: z.strictObject({ serverId, ports: z.array(sanPortRef).max(64), guards }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const readSanPorts = defineCommand({
  service,
  name: 'read-san-ports',
  summary: 'Reads Fibre Channel ports afresh and compares.',
  input: z.strictObject({
    serverId,
    ports: z.array(sanPortRef.extend({ expect: z.enum(['closed', 'open']) })).max(64),
    guards,
  }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: { ...DEVICE_REFUSALS, 'port-differs': 'a port is not as expected' },
  effect: 'device',
});

/** The cut is believed only after this: unmasking or closing a port does not end a session that is open. */
export const endSessions = defineCommand({
  service,
  name: 'end-sessions',
  summary: 'Ends what is left of the sessions of a profile’s initiators and proves that none is left.',
  input: profileDevice,
  result: z.strictObject({ evidence: evidenceList }),
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const checkNoSession = defineCommand({
  service,
  name: 'check-no-session',
  summary: 'Proves that no initiator of a profile is logged in anywhere. Changes nothing.',
  input: profileDevice,
  result: z.strictObject({ evidence: evidenceList }),
  refusals: { ...DEVICE_REFUSALS, 'session-left': 'an initiator of the profile is still logged in' },
  effect: 'device',
});
export const verifyLogins = defineCommand({
  service,
  name: 'verify-logins',
  summary: 'Waits until the initiators of a profile are logged in, at the ports of this server.',
  input: z.strictObject({
    profileId,
    serverId,
    sanPorts: z.array(sanPortRef.extend({ vhba: objectName })).max(64),
    guards,
  }),
  result: z.strictObject({ evidence: evidenceList }),
  refusals: { ...DEVICE_REFUSALS, 'login-elsewhere': 'a WWPN of the profile is logged in at another port' },
  effect: 'device',
});
