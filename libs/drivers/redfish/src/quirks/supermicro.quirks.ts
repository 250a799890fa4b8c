import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** Needs `BootSourceOverrideEnabled` in every PATCH; X10 has no `BootSourceOverrideMode`, so the mode is sent only where shown. */
export const SUPERMICRO_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'Supermicro',
  knownBy: ['supermicro', 'super micro', 'smc'],
  boot: { enabled: 'Once', send: 'all-keys', withMode: true },
};
