import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** iLO 4/5/6. ETags are weak and refused as such: the client retries them as strong ones. `AutoPowerOn` is in the DL325 capture. */
export const HPE_QUIRKS: RedfishQuirks = {
  ...GENERIC_QUIRKS,
  vendor: 'HPE',
  knownBy: ['hpe', 'hp'],
  powerRestoreBios: {
    attribute: 'AutoPowerOn',
    values: { 'always-on': 'AlwaysPowerOn', 'always-off': 'AlwaysPowerOff', previous: 'RestoreLastState' },
  },
};
