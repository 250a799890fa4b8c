import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** XCC. The SR670 allows `Once` and `Disabled` only, and takes boot settings on `/Systems/1/Pending`. */
export const LENOVO_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'Lenovo',
  knownBy: ['lenovo'],
  boot: { enabled: 'Once', send: 'all-keys', withMode: false },
};
