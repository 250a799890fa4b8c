import { z } from 'zod';
import { defineCommand, defineEvent, defineQuery } from './define.js';
import {
  bmcId,
  DEVICE_REFUSALS,
  deviceTrust,
  evidenceList,
  guards,
  isoTime,
  noResult,
  objectName,
  pageInput,
  pageOf,
  raiseEpochsInput,
  sealedCredential,
  serverId,
} from './schemas.js';
import { powerState, serverIdentity } from './server.js';

const service = 'power' as const;

export const bmcDriver = z.enum(['redfish', 'ipmi', 'ipmi+ipxe']);
export const putBmc = defineCommand({
  service,
  name: 'put-bmc',
  summary: 'Enrols or changes a BMC; its machine is discovered right after.',
  input: z.strictObject({
    name: objectName,
    driver: bmcDriver,
    address: z.string().max(200),
    trust: deviceTrust,
    credential: sealedCredential.optional(),
    /** Exact system behind a BMC with several, e.g. `/redfish/v1/Systems/1`. */
    system: z.string().max(300).optional(),
    options: z.record(z.string(), z.string()).default({}),
  }),
  result: z.strictObject({ bmcId, changed: z.boolean() }),
  refusals: { 'address-taken': 'another BMC has this address' },
});
export const deleteBmc = defineCommand({
  service,
  name: 'delete-bmc',
  summary: 'Forgets a BMC whose server carries no profile.',
  input: z.strictObject({ name: objectName }),
  result: noResult,
  refusals: { 'unknown-bmc': 'no such BMC', 'server-in-use': 'its server carries a profile' },
});
export const refreshServer = defineCommand({
  service,
  name: 'refresh-server',
  summary: 'Reads the hardware facts of a machine again.',
  input: z.strictObject({ bmc: objectName }),
  result: z.strictObject({ serverId: serverId.optional(), readAt: isoTime }),
  refusals: { ...DEVICE_REFUSALS, 'unknown-bmc': 'no such BMC', 'not-registered': 'inventory refused the machine' },
  effect: 'device',
});

export const raisePowerEpochs = defineCommand({
  service,
  name: 'raise-epochs',
  summary: 'Older commands are refused from now on, and old calls to BMCs have ended.',
  input: raiseEpochsInput,
  result: z.strictObject({ endedCalls: z.int() }),
  effect: 'device',
});

const onServer = z.strictObject({
  serverId,
  /** Checked on every connection. */ boardSerial: z.string().max(200),
  guards,
});
const withEvidence = z.strictObject({ evidence: evidenceList });

export const ensureOff = defineCommand({
  service,
  name: 'ensure-off',
  summary:
    'Switches a server off: gracefully first for `graceMs`, then by force; proven by two readings apart where a move rests on it.',
  input: onServer.extend({
    graceMs: z.int().min(0).max(3_600_000).default(0),
    proof: z.enum(['one-reading', 'two-readings']),
  }),
  result: withEvidence,
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const ensureOn = defineCommand({
  service,
  name: 'ensure-on',
  summary: 'Switches a server on, read back.',
  input: onServer,
  result: withEvidence,
  refusals: DEVICE_REFUSALS,
  effect: 'device',
});
export const checkClean = defineCommand({
  service,
  name: 'check-clean',
  summary:
    'Proves that a server is off (two readings) and shows no programmed identity, now or after a reset. Changes nothing.',
  input: onServer,
  result: withEvidence,
  refusals: {
    ...DEVICE_REFUSALS,
    'not-off': 'the server is not off',
    'not-clean': 'an adapter shows a programmed identity',
  },
  effect: 'device',
});
export const programmeIdentity = defineCommand({
  service,
  name: 'programme-identity',
  summary:
    'Writes the identity of a profile and its boot device into a server that is off; done when current or pending equals it.',
  input: onServer.extend({ identity: serverIdentity, boot: z.enum(['san', 'network', 'disk', 'none']) }),
  result: withEvidence.extend({ applied: z.enum(['now', 'at-next-reset']) }),
  refusals: {
    ...DEVICE_REFUSALS,
    'not-off': 'the server is not off',
    'not-assignable': 'an adapter does not take identities',
  },
  effect: 'device',
});
export const clearIdentity = defineCommand({
  service,
  name: 'clear-identity',
  summary:
    'Takes every programmed identity off a server whose ports are closed, applying it by a power cycle where the adapter needs one; ends off.',
  input: onServer.extend({
    /** The saga has proven the ports closed: a power cycle is safe. */ portsClosed: z.boolean(),
  }),
  result: withEvidence.extend({ powerCycled: z.boolean() }),
  refusals: {
    ...DEVICE_REFUSALS,
    'not-off': 'the server is not off',
    'needs-power-cycle': 'the adapter applies it at a reset and the ports are not known to be closed',
  },
  effect: 'device',
});
export const checkIdentity = defineCommand({
  service,
  name: 'check-identity',
  summary:
    'Reads power and identity afresh and compares: off with the wanted identity current or pending, or off and clean.',
  input: onServer.extend({
    expect: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('programmed'), identity: serverIdentity }),
      z.strictObject({ kind: z.literal('clean') }),
      z.strictObject({ kind: z.literal('off') }),
    ]),
  }),
  result: withEvidence,
  refusals: {
    ...DEVICE_REFUSALS,
    'not-off': 'the server is not off',
    'identity-differs': 'the adapter does not show what is expected',
  },
  effect: 'device',
});
export const verifyBoot = defineCommand({
  service,
  name: 'verify-boot',
  summary: 'Waits until the adapter shows the identity as current and the boot has come as far as the BMC can tell.',
  input: onServer.extend({ identity: serverIdentity }),
  result: withEvidence.extend({ bootProgress: z.string().optional() }),
  refusals: {
    ...DEVICE_REFUSALS,
    'identity-differs': 'the adapter shows another identity',
    'boot-failed': 'the server found nothing to boot from',
  },
  effect: 'device',
});

export const bmcView = z.strictObject({
  id: bmcId,
  name: objectName,
  driver: bmcDriver,
  address: z.string(),
  serverId: serverId.optional(),
  reachable: z.boolean().optional(),
  readAt: isoTime.optional(),
  problem: z.string().optional(),
  fingerprint: z.string().optional(),
});
export const listBmcs = defineQuery({
  service,
  name: 'list-bmcs',
  summary: 'BMCs and how they answer.',
  input: z.strictObject(pageInput),
  result: pageOf(bmcView),
});
export const readPower = defineQuery({
  service,
  name: 'read-power',
  summary: 'Reads the power of a server now.',
  input: z.strictObject({ serverId }),
  result: z.strictObject({ state: powerState, raw: z.string(), at: isoTime, source: z.string() }),
});

export const bmcEnrolled = defineEvent({
  service,
  name: 'bmc-enrolled',
  summary: 'A BMC was enrolled or changed.',
  data: z.strictObject({ bmcId, bmc: objectName, address: z.string() }),
});
/** Feeds inventory's projection; sent on change and at least every few minutes. */
export const powerRead = defineEvent({
  service,
  name: 'power-read',
  summary: 'The power of servers was read.',
  data: z.strictObject({
    readings: z.array(
      z.strictObject({
        serverId,
        state: powerState,
        raw: z.string(),
        at: isoTime,
        source: z.string(),
        watts: z.number().optional(),
      }),
    ),
  }),
});
export const identityProgrammed = defineEvent({
  service,
  name: 'identity-programmed',
  summary: 'An identity was written into a server.',
  data: z.strictObject({ serverId, evidence: evidenceList }),
});
export const identityCleared = defineEvent({
  service,
  name: 'identity-cleared',
  summary: 'A server shows only its own identity again.',
  data: z.strictObject({ serverId, evidence: evidenceList }),
});
