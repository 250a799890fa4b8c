import type { PowerRestorePolicy } from '@rackwright/driver-core';

/** How one maker's BMC differs from the specification. Data only: what is done about it is in the code that reads it. */
export interface RedfishQuirks {
  readonly vendor: string;
  /** How the maker is known: `Vendor` or a key of `Oem` in the service root, else `Manufacturer` of the system; lower case. */
  readonly knownBy: readonly string[];
  /** Reuse connections. Off unless the maker is known to keep them: a dropped reused connection turns an answer into an unknown. */
  readonly keepAlive: boolean;
  /** `basic` where sessions are missing or broken. Sessions that the root does not offer fall back by themselves. */
  readonly auth: 'session' | 'basic';
  /** Send `If-Match` with changes when the resource has an ETag. */
  readonly ifMatch: boolean;
  /** Where the adapter's identity is written: the standard device function, or the maker's own attributes when they are there. */
  readonly identityVia: 'standard' | 'dell-oem';
  /** Ask for the apply time in the same PATCH, or in one of its own that makes a job (iDRAC). */
  readonly applyTime: 'same-request' | 'separate-request';
  readonly boot: {
    /** What is asked for when the device does not list what it allows. */
    readonly enabled: 'Continuous' | 'Once';
    /** Some refuse an unchanged `Enabled`, some need every key every time (Supermicro, AMI). */
    readonly send: 'all-keys' | 'changed-keys';
    /** Send the mode with the target: AMI wants target, mode and enabled together. */
    readonly withMode: boolean;
  };
  /** BIOS attribute that stands in for `PowerRestorePolicy`; applied at the next reset. */
  readonly powerRestoreBios?: {
    readonly attribute: string;
    readonly values: Readonly<Record<PowerRestorePolicy, string>>;
  };
}

/** What is assumed of a BMC nobody has described: the specification. */
export const GENERIC_QUIRKS: RedfishQuirks = {
  vendor: 'generic',
  knownBy: [],
  keepAlive: false,
  auth: 'session',
  ifMatch: true,
  identityVia: 'standard',
  applyTime: 'same-request',
  boot: { enabled: 'Continuous', send: 'all-keys', withMode: false },
};
