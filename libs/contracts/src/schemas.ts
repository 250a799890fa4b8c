import {
  ARCHITECTURES,
  idPattern,
  type BmcId,
  type IdKind,
  type IdOf,
  type Iqn,
  type MacAddress,
  type ProfileId,
  type RunId,
  type ServerId,
  type Uuid,
  type Wwn,
} from '@rackwright/kernel';
import { z } from 'zod';

/** Text of which only one form is right, typed as its brand. Messages carry normal forms only; the surface normalises. */
function branded<T extends string>(pattern: RegExp): z.ZodType<T, T> {
  return z.string().regex(pattern) as unknown as z.ZodType<T, T>;
}

function idSchema<K extends IdKind>(kind: K): z.ZodType<IdOf<K>, IdOf<K>> {
  return branded<IdOf<K> & string>(idPattern(kind)) as z.ZodType<IdOf<K>, IdOf<K>>;
}

export const serverId: z.ZodType<ServerId, ServerId> = idSchema('server');
export const profileId: z.ZodType<ProfileId, ProfileId> = idSchema('profile');
export const bmcId: z.ZodType<BmcId, BmcId> = idSchema('bmc');
export const runId: z.ZodType<RunId, RunId> = idSchema('run');

export const mac: z.ZodType<MacAddress, MacAddress> = branded(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
export const wwn: z.ZodType<Wwn, Wwn> = branded(/^([0-9a-f]{2}:){7}[0-9a-f]{2}$/);
export const iqn: z.ZodType<Iqn, Iqn> = branded(/^iqn\.\d{4}-\d{2}\.[a-z0-9.-]+(:[a-z0-9.:-]+)?$/);
export const uuid: z.ZodType<Uuid, Uuid> = branded(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** Names people give: RFC 1123 labels with dots, at most 63 characters. References between objects are by name. */
export const objectName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/);
/** Names of ports and devices as the hardware writes them. */
export const deviceWord = z.string().min(1).max(200);
export const vlanId = z.int().min(1).max(4094);
export const lunId = z.int().min(0).max(16383);
export const isoTime = z.iso.datetime({ offset: true });
export const architecture = z.enum(ARCHITECTURES);
export const cidrAddress = z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/);
export const noResult = z.strictObject({});

/** One fact somebody read: who read what, when, from which device. Evidence of an older epoch is void. */
export const evidence = z.strictObject({
  /** `power-off`, `port-closed`, `san-port-closed`, `identity-clean`, `no-session`, … */
  fact: z.string().max(80),
  /** What it was read about: server id, `switch/port`, WWPN. */
  subject: z.string().max(200),
  value: z.string().max(500),
  at: isoTime,
  source: z.string().max(500),
  /** Board serial of the machine that answered, where one did. */
  serial: z.string().max(100).optional(),
});
export type Evidence = z.infer<typeof evidence>;
export const evidenceList = z.array(evidence).max(500);

/** The epoch under which a device command was given: it is refused once its owner knows a higher one for the subject. */
export const guard = z.strictObject({ subject: z.string().min(1).max(60), epoch: z.int().min(1) });
export type Guard = z.infer<typeof guard>;
export const guards = z.array(guard).min(1).max(20);

/** Refusals every guarded device command can end in. */
export const DEVICE_REFUSALS = {
  'stale-epoch': 'a newer epoch is known for the profile or the server; the command is void',
  'epoch-not-raised': 'the owner has not been told of this epoch yet',
  'unknown-device': 'no such device is enrolled',
  'wrong-device': 'the device that answered has another serial than expected',
  'device-refused': 'the device refused, and its state was proven unchanged',
} as const;

/** A credential sealed to the owning service's public key (compact JWE); only that service can open it. */
export const sealedCredential = z.string().max(8192);

/** How a device certificate is trusted: by CA, by pinned SHA-256 fingerprint, or pinned at first contact. */
export const deviceTrust = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ca'), caPem: z.string().max(100_000), serverName: z.string().max(253).optional() }),
  z.strictObject({ kind: z.literal('pin'), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ kind: z.literal('first-use') }),
  z.strictObject({ kind: z.literal('none') }),
]);
export type DeviceTrust = z.infer<typeof deviceTrust>;

export const raiseEpochsInput = z.strictObject({ guards });

/** Cursor paging of every list query. */
export const pageInput = { limit: z.int().min(1).max(500).default(100), cursor: z.string().max(400).optional() };
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().optional(), total: z.int() });
}
