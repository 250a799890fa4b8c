import type { BootSource, PowerRestorePolicy, PowerState } from '@rackwright/driver-core';

/**
 * What ipmitool prints (LC_ALL=C) and what it means. It exits with 1 for every failure, so its text is all there is;
 * it is matched here and nowhere else. Anything not listed is `unknown`. First match counts.
 */
export const IPMI_FAILURES: readonly (readonly [
  RegExp,
  'login' | 'privilege' | 'busy' | 'unsupported' | 'unreachable',
])[] = [
  [/RAKP \d.*(unauthorized name|HMAC is invalid)|password (verification|invalid)|Invalid user name/i, 'login'],
  [/privilege level|insufficient privilege/i, 'privilege'],
  [/insufficient resources|Node busy|Out of space|BMC initialization in progress|Too many sessions/i, 'busy'],
  [
    /Invalid command|Unknown (command|request)|not supported|Command not supported|Parameter out of range|Invalid data field/i,
    'unsupported',
  ],
  // The same words for a wrong password, a wrong cipher suite and a dead BMC: nothing can be concluded.
  [/Unable to establish|no matching cipher suite|Address lookup|Could not open socket/i, 'unreachable'],
];

export const BUSY_RETRY_AFTER_MS = 10_000;

/** Answer of `chassis power status`; only these two lines mean anything. */
export const POWER_LINES: ReadonlyMap<string, PowerState> = new Map([
  ['Chassis Power is on', 'on'],
  ['Chassis Power is off', 'off'],
]);

/** Boot device selectors of boot parameter 5 (IPMI 2.0 table 28-14), data byte 2, bits 5 to 2. */
export const BOOT_SELECTORS: Readonly<Record<number, BootSource>> = {
  0: 'none',
  1: 'network',
  2: 'disk',
  3: 'disk',
  // Some Supermicro boards take and show 9 for their UEFI disk.
  9: 'disk',
};

/** Words of `chassis bootdev` and the selectors that show it was taken. */
export const BOOT_DEVICES = {
  none: { word: 'none', selectors: [0] },
  pxe: { word: 'pxe', selectors: [1] },
  disk: { word: 'disk', selectors: [2, 9] },
} as const;
export type BootDevice = keyof typeof BOOT_DEVICES;

export const RESTORE_POLICIES: readonly PowerRestorePolicy[] = ['always-on', 'always-off', 'previous'];

/** BMCs that differ, by manufacturer and product id of `mc info`. */
export interface IpmiQuirks {
  readonly manufacturer: number;
  readonly product: number;
  /** True where boot flags come back without their valid bit although they were taken. */
  readonly bootFlagsNeverValid: boolean;
}

export const IPMI_QUIRKS: readonly IpmiQuirks[] = [
  // OpenIPMI's ipmi_sim, as its example configuration names it.
  { manufacturer: 4753, product: 3842, bootFlagsNeverValid: true },
];
