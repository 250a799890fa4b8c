import { AppError } from './app-error.js';
import type { Brand } from './brand.js';
import type { Clock } from './clock.js';
import type { RandomSource } from './random.js';

/** Prefix of each kind of id; ids read `srv_0192f0c1-…` (prefix + UUIDv7, so they sort by time of birth). */
export const ID_PREFIXES = {
  site: 'sit',
  rack: 'rck',
  server: 'srv',
  profile: 'prf',
  pool: 'pol',
  network: 'net',
  networkSet: 'nst',
  switch: 'swi',
  fabric: 'fab',
  array: 'arr',
  volume: 'vol',
  bmc: 'bmc',
  run: 'run',
  plan: 'pln',
  message: 'msg',
  event: 'evt',
  operation: 'opn',
  user: 'usr',
  token: 'tok',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;
export type SiteId = Brand<string, 'SiteId'>;
export type ServerId = Brand<string, 'ServerId'>;
export type ProfileId = Brand<string, 'ProfileId'>;
export type NetworkId = Brand<string, 'NetworkId'>;
export type SwitchId = Brand<string, 'SwitchId'>;
export type FabricId = Brand<string, 'FabricId'>;
export type ArrayId = Brand<string, 'ArrayId'>;
export type VolumeId = Brand<string, 'VolumeId'>;
export type BmcId = Brand<string, 'BmcId'>;
export type RunId = Brand<string, 'RunId'>;
export type PlanId = Brand<string, 'PlanId'>;
export type MessageId = Brand<string, 'MessageId'>;

interface IdTypes {
  site: SiteId;
  server: ServerId;
  profile: ProfileId;
  network: NetworkId;
  switch: SwitchId;
  fabric: FabricId;
  array: ArrayId;
  volume: VolumeId;
  bmc: BmcId;
  run: RunId;
  plan: PlanId;
  message: MessageId;
}
export type IdOf<K extends IdKind> = K extends keyof IdTypes ? IdTypes[K] : Brand<string, K>;

const UUID_TAIL = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** The pattern a valid id of this kind matches. */
export function idPattern(kind: IdKind): RegExp {
  return new RegExp(`^${ID_PREFIXES[kind]}_${UUID_TAIL}$`);
}

/** Reads an id of the given kind; throws `kernel.invalid-id`. */
export function parseId<K extends IdKind>(kind: K, text: string): IdOf<K> {
  if (!idPattern(kind).test(text)) {
    throw new AppError('kernel.invalid-id', `"${text}" is not a ${kind} id (expected ${ID_PREFIXES[kind]}_<uuid>)`);
  }
  return text as IdOf<K>;
}

/** Makes new prefixed UUIDv7 ids (RFC 9562 section 5.7). */
export class IdFactory {
  constructor(
    private readonly clock: Clock,
    private readonly random: RandomSource,
  ) {}

  newId<K extends IdKind>(kind: K): IdOf<K> {
    return `${ID_PREFIXES[kind]}_${this.newUuidV7()}` as IdOf<K>;
  }

  newUuidV7(): string {
    const bytes = this.random.bytes(16);
    const timeMs = this.clock.now().getTime();
    for (let index = 0; index < 6; index++) bytes[index] = Math.floor(timeMs / 2 ** (8 * (5 - index))) & 0xff;
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Buffer.from(bytes).toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
