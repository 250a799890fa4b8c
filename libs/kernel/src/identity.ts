import { AppError } from './app-error.js';
import type { Brand } from './brand.js';

/** A MAC address in its normal form: six lower-case octets with colons. */
export type MacAddress = Brand<string, 'MacAddress'>;
/** A World Wide Name (WWPN or WWNN) in its normal form: eight lower-case octets with colons. Always text, never a number: 64 bits do not fit one. */
export type Wwn = Brand<string, 'Wwn'>;
export type Wwpn = Wwn;
export type Wwnn = Wwn;
/** An iSCSI qualified name, lower case (RFC 3720 section 3.2.6.3.1 and RFC 3722 make it case-insensitive). */
export type Iqn = Brand<string, 'Iqn'>;
/** A UUID in lower case with dashes. */
export type Uuid = Brand<string, 'Uuid'>;

function octets(text: string, count: number): string | undefined {
  const hex = text
    .trim()
    .toLowerCase()
    .replace(/^0x/, '')
    .replace(/[:.\-\s]/g, '');
  if (hex.length !== count * 2 || !/^[0-9a-f]+$/.test(hex)) return undefined;
  return hex.match(/../g)?.join(':');
}

function isUniform(normal: string): boolean {
  return /^(00(:00)*|ff(:ff)*)$/.test(normal);
}

/** Reads a MAC in any usual notation (colons, dashes, Cisco dots, bare hex); undefined when it is none. All zeroes and all ones are none. */
export function tryParseMac(text: string): MacAddress | undefined {
  const normal = octets(text, 6);
  return normal === undefined || isUniform(normal) ? undefined : (normal as MacAddress);
}

/** As {@link tryParseMac}; throws `kernel.invalid-mac`. */
export function parseMac(text: string): MacAddress {
  const mac = tryParseMac(text);
  if (mac === undefined) throw new AppError('kernel.invalid-mac', `"${text}" is not a MAC address`);
  return mac;
}

/** True for an address that one station may own (bit 0 of the first octet clear). */
export function isUnicastMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}

/** True for a locally administered address (bit 1 of the first octet set), the only kind Rackwright makes. */
export function isLocallyAdministeredMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 2) === 2;
}

/** Reads a WWN in any usual notation (colons, dashes, `0x`, bare hex); undefined when it is none. */
export function tryParseWwn(text: string): Wwn | undefined {
  const normal = octets(text, 8);
  return normal === undefined || isUniform(normal) ? undefined : (normal as Wwn);
}

/** As {@link tryParseWwn}; throws `kernel.invalid-wwn`. */
export function parseWwn(text: string): Wwn {
  const wwn = tryParseWwn(text);
  if (wwn === undefined) throw new AppError('kernel.invalid-wwn', `"${text}" is not a World Wide Name`);
  return wwn;
}

/** The network address authority nibble of a WWN: 1, 2, 5 or 6 for the usual forms. */
export function naaOf(wwn: Wwn): number {
  return Number.parseInt(wwn.slice(0, 1), 16);
}

/** Reads an IQN; undefined when it is none. At most 223 bytes (RFC 3720 section 3.2.6.1). */
export function tryParseIqn(text: string): Iqn | undefined {
  const normal = text.trim().toLowerCase();
  if (normal.length > 223) return undefined;
  return /^iqn\.\d{4}-(0[1-9]|1[0-2])\.[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[a-z0-9.:-]+)?$/.test(normal)
    ? (normal as Iqn)
    : undefined;
}

/** As {@link tryParseIqn}; throws `kernel.invalid-iqn`. */
export function parseIqn(text: string): Iqn {
  const iqn = tryParseIqn(text);
  if (iqn === undefined) throw new AppError('kernel.invalid-iqn', `"${text}" is not an iSCSI qualified name`);
  return iqn;
}

/** Reads a UUID with or without dashes; undefined when it is none. All zeroes and all ones are none. */
export function tryParseUuid(text: string): Uuid | undefined {
  const hex = text
    .trim()
    .toLowerCase()
    .replace(/^urn:uuid:/, '')
    .replace(/[{}-]/g, '');
  if (!/^[0-9a-f]{32}$/.test(hex) || /^(0+|f+)$/.test(hex)) return undefined;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-') as Uuid;
}

/** As {@link tryParseUuid}; throws `kernel.invalid-uuid`. */
export function parseUuid(text: string): Uuid {
  const uuid = tryParseUuid(text);
  if (uuid === undefined) throw new AppError('kernel.invalid-uuid', `"${text}" is not a UUID`);
  return uuid;
}
