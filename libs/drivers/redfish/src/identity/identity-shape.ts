import type { PortIdentity, SanBootTarget } from '@rackwright/driver-core';
import { present, type Address, type AdapterFunction } from '../facts/adapter-function.js';

/** An address that is the permanent one is no assignment: it is left out, as {@link PortIdentity} has it. */
function assigned<T>(address: Address<T>, value: T | undefined): T | undefined {
  return value === address.permanent ? undefined : value;
}

function normalTarget(target: SanBootTarget): SanBootTarget {
  return present({ ...target, target: target.target.toLowerCase() }) as SanBootTarget;
}

/** An identity in the one form in which two are compared: permanent values and empty parts left out, text in lower case. */
export function normalIdentity(identity: PortIdentity, of: Pick<AdapterFunction, 'addresses'>): PortIdentity {
  const { mac, wwpn, wwnn } = of.addresses;
  const iscsi = identity.iscsi && present({ ...identity.iscsi });
  const bootTargets = identity.bootTargets?.map(normalTarget);
  return present({
    port: identity.port,
    mac: assigned(mac, identity.mac),
    wwpn: assigned(wwpn, identity.wwpn),
    wwnn: assigned(wwnn, identity.wwnn),
    iscsi: iscsi && Object.keys(iscsi).length > 0 ? iscsi : undefined,
    bootTargets: bootTargets && bootTargets.length > 0 ? bootTargets : undefined,
  }) as PortIdentity;
}

function part(identity: PortIdentity, name: IdentityPart): string {
  const value = identity[name];
  if (name === 'bootTargets' || name === 'iscsi') {
    return (
      JSON.stringify(value, (_key, held: unknown) =>
        typeof held === 'object' && held !== null && !Array.isArray(held)
          ? Object.fromEntries(Object.entries(held).sort(([left], [right]) => (left < right ? -1 : 1)))
          : held,
      ) ?? ''
    );
  }
  return String(value ?? '');
}

export const IDENTITY_PARTS = ['mac', 'wwpn', 'wwnn', 'iscsi', 'bootTargets'] as const;
export type IdentityPart = (typeof IDENTITY_PARTS)[number];

/** The parts in which two normal identities differ. */
export function differingParts(left: PortIdentity, right: PortIdentity): readonly IdentityPart[] {
  return IDENTITY_PARTS.filter((name) => part(left, name) !== part(right, name));
}

export function sameIdentity(left: PortIdentity, right: PortIdentity): boolean {
  return differingParts(left, right).length === 0;
}

/** A LUN as devices write it: decimal, `0x` hex, or the 16 digits of SAM-5 (peripheral addressing: first two bytes). */
export function parseLun(value: unknown): number | undefined {
  const raw = String(value ?? '').trim();
  if (/^[0-9a-f]{16}$/i.test(raw)) return Number.parseInt(raw.slice(0, 4), 16) & 0x3fff;
  if (/^0x[0-9a-f]{1,4}$/i.test(raw)) return Number.parseInt(raw, 16);
  return /^\d{1,5}$/.test(raw) ? Number(raw) : undefined;
}

/** `255.255.255.0` as 24; undefined for what is no mask. */
export function prefixOf(mask: string | undefined): number | undefined {
  const octets = mask?.split('.').map(Number) ?? [];
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) return undefined;
  const bits = octets.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.replace(/0/g, '').length : undefined;
}

/** 24 as `255.255.255.0`. */
export function maskOf(prefix: number): string {
  const bits = '1'.repeat(prefix).padEnd(32, '0');
  return [0, 8, 16, 24].map((start) => Number.parseInt(bits.slice(start, start + 8), 2)).join('.');
}

/** An address that is none: `0.0.0.0`, `::`, nothing. */
export function realAddress(value: string | undefined): string | undefined {
  return value === undefined || /^[0:.]*$/.test(value) ? undefined : value;
}
