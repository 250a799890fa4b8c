import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** Intel server boards of the S2600 age: no OEM mark in the root, no ETags, dead chassis links; known by the manufacturer. */
export const INTEL_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'Intel',
  knownBy: ['intel', 'intel corporation'],
  ifMatch: false,
  boot: { enabled: 'Once', send: 'all-keys', withMode: false },
};
