import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/**
 * iDRAC 8/9/10. Identities go through `DellNetworkAttributes` where it is offered; the apply time is a PATCH of its own
 * that makes a job which stays Scheduled until the reset (maker's scripts). `AcPwrRcvry` is in the R750 capture.
 */
export const DELL_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'Dell',
  knownBy: ['dell'],
  identityVia: 'dell-oem',
  applyTime: 'separate-request',
  powerRestoreBios: {
    attribute: 'AcPwrRcvry',
    values: { 'always-on': 'On', 'always-off': 'Off', previous: 'Last' },
  },
};
