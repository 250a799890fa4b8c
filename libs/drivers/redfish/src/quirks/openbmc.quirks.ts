import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** bmcweb. Checks If-Match by reading again, without atomicity; `PowerCycle` goes through the host, so it is never used. */
export const OPENBMC_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'OpenBMC',
  knownBy: ['openbmc', 'ibm', 'nvidia'],
  keepAlive: true,
};
