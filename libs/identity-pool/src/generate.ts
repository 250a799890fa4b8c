import {
  isLocallyAdministeredMac,
  isUnicastMac,
  parseIqn,
  parseMac,
  parseWwn,
  type Iqn,
  type MacAddress,
  type RandomSource,
  type Wwn,
} from '@rackwright/kernel';

/** A three-octet prefix, `02:fd:3a`, of which 2^24 addresses are made. */
export type Prefix = string;

/** How many identities one prefix holds. */
export const PREFIX_SIZE = 2 ** 24;

/** Locally administered prefixes that others are known to use: KVM, Docker, and Cisco UCS's bit-flipped ranges stay theirs. */
const RESERVED_PREFIXES = ['52:54:00', '02:42'] as const;

/** Why a prefix cannot be used; undefined when it can. Only locally administered unicast ones are ours to give out. */
export function prefixProblem(prefix: Prefix): 'prefix-not-local' | 'prefix-reserved' | undefined {
  const sample = parseMac(`${prefix}:00:00:01`);
  if (!isLocallyAdministeredMac(sample) || !isUnicastMac(sample)) return 'prefix-not-local';
  return RESERVED_PREFIXES.some((reserved) => prefix.startsWith(reserved)) ? 'prefix-reserved' : undefined;
}

/** A random prefix for this installation, so that two installations on one network do not meet. */
export function randomPrefix(random: RandomSource): Prefix {
  for (;;) {
    const bytes = random.bytes(3);
    bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
    const prefix = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    if (prefixProblem(prefix) === undefined) return prefix;
  }
}

function euiOf(prefix: Prefix, index: number): string {
  const tail = index.toString(16).padStart(6, '0');
  return `${prefix}:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4, 6)}`;
}

/** The MAC number `index` (0 up to 2^24 - 1) of a prefix. */
export function macAt(prefix: Prefix, index: number): MacAddress {
  return parseMac(euiOf(prefix, index));
}

/** A port name: NAA 1 (`10:00:` and an EUI-48), whose sixth hex digit is 2, 6, a or e as HPE OneView asks for. */
export function wwpnAt(prefix: Prefix, index: number): Wwn {
  return parseWwn(`10:00:${euiOf(prefix, index)}`);
}

/** A node name: NAA 2 with vendor bits 0, so that it differs from every port name of any prefix. */
export function wwnnAt(prefix: Prefix, index: number): Wwn {
  return parseWwn(`20:00:${euiOf(prefix, index)}`);
}

/** The IQN of a profile: the pool's prefix and the profile's name. */
export function iqnFor(prefix: Iqn, profile: string): Iqn {
  return parseIqn(prefix.includes(':') ? `${prefix}.${profile}` : `${prefix}:${profile}`);
}

/** True when a MAC or WWN was made from this prefix. */
export function hasPrefix(value: string, prefix: Prefix): boolean {
  return value.startsWith(`${prefix}:`) || value.startsWith(`10:00:${prefix}:`) || value.startsWith(`20:00:${prefix}:`);
}
