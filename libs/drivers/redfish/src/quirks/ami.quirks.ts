import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** AMI MegaRAC, as in Gigabyte, ASRockRack and others: target, mode and enabled are wanted together. */
export const AMI_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'Gigabyte/AMI',
  knownBy: ['ami', 'gigabyte', 'giga computing', 'asrockrack', 'asrock rack'],
  boot: { enabled: 'Continuous', send: 'all-keys', withMode: true },
};
