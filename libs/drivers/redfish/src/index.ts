/**
 * Servers through their Redfish BMC: facts, power, boot source, adapter identities, power draw, power restore policy.
 * The device is hostile input: its certificate is checked before any byte of ours leaves, its links do not lead
 * elsewhere, its bodies are capped, and no status code of it is ever an outcome. Differences between makers are data in
 * `quirks/*.quirks.ts`.
 */
export { createRedfishDriver, type RedfishDriver, type RedfishDriverOptions } from './redfish-driver.js';
export { QUIRK_TABLE, GENERIC_QUIRKS, quirksOf, type RedfishQuirks } from './quirks/index.js';
