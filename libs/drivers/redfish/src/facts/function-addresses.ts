import { tryParseMac, tryParseWwn, type MacAddress, type Wwn } from '@rackwright/kernel';
import { at, text } from '../protocol/fields.js';
import type { JsonObject } from '../transport/safe-json.js';
import { present, type Address, type FunctionAddresses } from './adapter-function.js';

function mac(value: unknown): MacAddress | undefined {
  return tryParseMac(text(value) ?? '');
}

function wwn(value: unknown): Wwn | undefined {
  return tryParseWwn(text(value) ?? '');
}

function address<T>(permanent: T | undefined, current: T | undefined): Address<T> {
  return present({ permanent, current }) as Address<T>;
}

/** Addresses as the standard NetworkDeviceFunction tells them. */
export function standardAddresses(ndf: JsonObject): FunctionAddresses {
  const ethernet = at(ndf, 'Ethernet');
  const fibre = at(ndf, 'FibreChannel');
  return {
    mac: address(mac(at(ethernet, 'PermanentMACAddress')), mac(at(ethernet, 'MACAddress'))),
    wwpn: address(wwn(at(fibre, 'PermanentWWPN')), wwn(at(fibre, 'WWPN'))),
    wwnn: address(wwn(at(fibre, 'PermanentWWNN')), wwn(at(fibre, 'WWNN'))),
  };
}

/** Names of iDRAC's attributes: NICs and converged adapters use the first, Fibre Channel HBAs the second. */
export const DELL_ADDRESS_ATTRIBUTES = {
  mac: ['VirtMacAddr'],
  wwpn: ['VirtWWPN', 'VirtualWWPN'],
  wwnn: ['VirtWWN', 'VirtualWWN'],
} as const;

/** The attribute of this function that holds an address, if it has one. */
export function dellAttribute(attributes: unknown, kind: keyof typeof DELL_ADDRESS_ATTRIBUTES): string | undefined {
  return DELL_ADDRESS_ATTRIBUTES[kind].find((name) => at(attributes, name) !== undefined);
}

/**
 * Addresses with iDRAC's attributes over the standard ones. A virtual address of zeroes means "none"; one that equals
 * the permanent address means none as well (both are in the R750 capture), so "assigned" is current ≠ permanent.
 */
export function dellAddresses(standard: FunctionAddresses, attributes: unknown): FunctionAddresses {
  const of = (kind: keyof typeof DELL_ADDRESS_ATTRIBUTES): unknown =>
    at(attributes, dellAttribute(attributes, kind) ?? '');
  const permanentMac = standard.mac.permanent ?? mac(at(attributes, 'MacAddr'));
  const permanentWwpn = standard.wwpn.permanent ?? wwn(at(attributes, 'WWPN'));
  const permanentWwnn = standard.wwnn.permanent ?? wwn(at(attributes, 'WWN'));
  return {
    mac: address(permanentMac, mac(of('mac')) ?? standard.mac.current ?? permanentMac),
    wwpn: address(permanentWwpn, wwn(of('wwpn')) ?? standard.wwpn.current ?? permanentWwpn),
    wwnn: address(permanentWwnn, wwn(of('wwnn')) ?? standard.wwnn.current ?? permanentWwnn),
  };
}

/** True when some address shows another value than it was made with: proof that this function takes addresses. */
export function isAssigned(addresses: FunctionAddresses): boolean {
  return [addresses.mac, addresses.wwpn, addresses.wwnn].some(
    ({ permanent, current }) => permanent !== undefined && current !== undefined && permanent !== current,
  );
}
