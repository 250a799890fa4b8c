import type { AdapterPortFacts, AdapterPortKind } from '@rackwright/driver-core';
import type { MacAddress, Wwn } from '@rackwright/kernel';
import type { Resource } from '../protocol/redfish-client.js';

/** An address as the hardware was made with, and as it shows now. */
export interface Address<T> {
  readonly permanent?: T;
  readonly current?: T;
}

/** Addresses of one function, whatever the resource they were read from. */
export interface FunctionAddresses {
  readonly mac: Address<MacAddress>;
  readonly wwpn: Address<Wwn>;
  readonly wwnn: Address<Wwn>;
}

/** One function of an adapter with the resources behind it: what facts are made from and identities are written to. */
export interface AdapterFunction {
  readonly name: string;
  readonly kind: AdapterPortKind;
  readonly addresses: FunctionAddresses;
  /** Undefined where the adapter is only seen through the system (EthernetInterfaces, maker's own lists). */
  readonly ndf?: Resource;
  /** iDRAC's `DellNetworkAttributes` of this function. */
  readonly dell?: Resource;
  readonly facts: AdapterPortFacts;
}

/** Leaves out what is undefined, so that an absent fact is an absent key. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** Addresses in the words of the facts. */
export function addressFacts(addresses: FunctionAddresses): Partial<AdapterPortFacts> {
  return present({
    permanentMac: addresses.mac.permanent,
    currentMac: addresses.mac.current,
    permanentWwpn: addresses.wwpn.permanent,
    currentWwpn: addresses.wwpn.current,
    permanentWwnn: addresses.wwnn.permanent,
    currentWwnn: addresses.wwnn.current,
  }) as Partial<AdapterPortFacts>;
}
