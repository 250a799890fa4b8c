import { at, object, text } from '../protocol/fields.js';
import type { JsonObject } from '../transport/safe-json.js';
import { AMI_QUIRKS } from './ami.quirks.js';
import { DELL_QUIRKS } from './dell.quirks.js';
import { HPE_QUIRKS } from './hpe.quirks.js';
import { INTEL_QUIRKS } from './intel.quirks.js';
import { LENOVO_QUIRKS } from './lenovo.quirks.js';
import { OPENBMC_QUIRKS } from './openbmc.quirks.js';
import { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';
import { SUPERMICRO_QUIRKS } from './supermicro.quirks.js';

export { GENERIC_QUIRKS, type RedfishQuirks } from './quirk-table.js';

/** Every described maker; the first that knows the device wins. */
export const QUIRK_TABLE: readonly RedfishQuirks[] = [
  DELL_QUIRKS,
  HPE_QUIRKS,
  LENOVO_QUIRKS,
  SUPERMICRO_QUIRKS,
  AMI_QUIRKS,
  INTEL_QUIRKS,
  OPENBMC_QUIRKS,
];

function knows(quirks: RedfishQuirks, mark: string): boolean {
  const lower = mark.toLowerCase();
  return quirks.knownBy.some((known) => lower === known || lower.startsWith(`${known} `));
}

/** The quirks of a device: by `Vendor` and `Oem` of its service root, then by the manufacturer of its system. */
export function quirksOf(root: JsonObject, system?: JsonObject): RedfishQuirks {
  const vendor = text(at(root, 'Vendor'));
  const marks = [
    ...(vendor === undefined ? [] : [vendor]),
    ...Object.keys(object(at(root, 'Oem')) ?? {}),
    ...[text(at(system, 'Manufacturer'))].flatMap((name) => name ?? []),
  ];
  for (const mark of marks) {
    const found = QUIRK_TABLE.find((quirks) => knows(quirks, mark));
    if (found) return found;
  }
  return GENERIC_QUIRKS;
}
