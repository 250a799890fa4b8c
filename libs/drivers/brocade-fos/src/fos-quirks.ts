/** What differs between FOS versions, as data. The last row whose `from` is not above the firmware counts. */
export interface FosQuirks {
  /** `major.minor` of the first firmware this holds for. */
  readonly from: readonly [number, number];
  readonly zoning: string;
  /** True where `fabric-lock` tells who holds the fabric's zoning. */
  readonly fabricLock: boolean;
  readonly zoneName: RegExp;
}

export const FOS_QUIRKS: readonly FosQuirks[] = [
  { from: [0, 0], zoning: '/rest/running/zoning', fabricLock: false, zoneName: /^[A-Za-z][0-9A-Za-z_]{0,63}$/ },
  { from: [8, 1], zoning: '/rest/running/zoning', fabricLock: false, zoneName: /^[0-9A-Za-z_^$-]{1,64}$/ },
  // 9.x renames the module and (9.1) refuses the old path with 400 "Invalid REST URI".
  { from: [9, 0], zoning: '/rest/running/brocade-zone', fabricLock: true, zoneName: /^[0-9A-Za-z_^$-]{1,64}$/ },
];

/** The quirks of a firmware such as `v9.1.1b`; of the newest when it cannot be read. */
export function quirksOf(firmware: string | undefined): FosQuirks {
  const match = /^v?(\d{1,3})\.(\d{1,3})/.exec(firmware ?? '');
  const newest = FOS_QUIRKS[FOS_QUIRKS.length - 1] as FosQuirks;
  if (!match) return newest;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const known = FOS_QUIRKS.filter(({ from }) => major > from[0] || (major === from[0] && minor >= from[1]));
  return known[known.length - 1] ?? newest;
}

/** What an HTTP status means whatever the body says; error texts and codes vary between versions and decide nothing. */
export const FOS_STATUS: Readonly<Record<number, 'login' | 'forbidden' | 'empty' | 'busy' | 'refused' | 'unknown'>> = {
  400: 'refused',
  401: 'login',
  403: 'forbidden',
  404: 'empty',
  405: 'refused',
  409: 'busy',
  429: 'busy',
  500: 'unknown',
  502: 'unknown',
  503: 'busy',
  504: 'unknown',
};

/** Broadcom's own client waits four seconds after a 503 (throttled, or all sessions taken). */
export const BUSY_RETRY_AFTER_MS = 4_000;
/** A foreign transaction is a person's or a program's work: ask again after a while. */
export const LOCKED_RETRY_AFTER_MS = 15_000;
/** Zones per request: large requests were seen to end in success with a wrong configuration. */
export const ZONES_PER_REQUEST = 50;
