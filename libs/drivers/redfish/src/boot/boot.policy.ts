import type { BootSource } from '@rackwright/driver-core';
import { at, text, texts } from '../protocol/fields.js';
import type { JsonObject } from '../transport/safe-json.js';
import type { RedfishQuirks } from '../quirks/index.js';

/** A boot option as the BMC lists it after POST has seen it. */
export interface BootOption {
  readonly reference: string;
  readonly devicePath: string;
}

/** Boot override keys as they are to be sent; compared with what is read back. */
export type BootPlan = Readonly<Record<string, string>>;

/** UEFI device paths of LUNs (UEFI 2.10 section 10.3.4): `Fibre(…)`, `FibreEx(…)`, `iSCSI(…)`. */
const SAN_PATH = /\b(fibre(ex)?|iscsi)\(/i;

const SOURCES: Readonly<Record<string, BootSource>> = {
  Hdd: 'disk',
  Pxe: 'network',
  UefiHttp: 'network',
  RemoteDrive: 'san',
  None: 'none',
};

/** True for the path of a LUN as the firmware sees it. */
export function isSanPath(path: string | undefined): boolean {
  return path !== undefined && SAN_PATH.test(path);
}

/** What the override makes the next boot do. Targets outside our words (Cd, BiosSetup, …) count as `none` and stay in `raw`. */
export function bootSourceOf(boot: unknown): { source: BootSource; once: boolean; raw: string } {
  const enabled = text(at(boot, 'BootSourceOverrideEnabled')) ?? 'Disabled';
  const target = text(at(boot, 'BootSourceOverrideTarget')) ?? 'None';
  const path = text(at(boot, 'UefiTargetBootSourceOverride'));
  const raw = target === 'UefiTarget' ? `${enabled} ${target} ${path ?? ''}`.trim() : `${enabled} ${target}`;
  if (enabled === 'Disabled') return { source: 'none', once: false, raw };
  const source = target === 'UefiTarget' && isSanPath(path) ? 'san' : (SOURCES[target] ?? 'none');
  return { source, once: enabled === 'Once', raw };
}

function firstAllowed(boot: JsonObject, wanted: readonly string[]): string | undefined {
  const allowed = texts(at(boot, 'BootSourceOverrideTarget@Redfish.AllowableValues'));
  return allowed.length === 0 ? wanted[0] : wanted.find((target) => allowed.includes(target));
}

/**
 * How to ask this device for a boot source; undefined when it offers no way. `san` is, in this order: the LUN's own
 * boot option, a remote drive, the disk (an HBA with a boot target shows its LUN as a disk).
 */
export function planBoot(
  source: BootSource,
  boot: JsonObject,
  options: readonly BootOption[],
  quirks: RedfishQuirks,
): BootPlan | undefined {
  if (source === 'none') return { BootSourceOverrideEnabled: 'Disabled', BootSourceOverrideTarget: 'None' };
  const enabledListed = texts(at(boot, 'BootSourceOverrideEnabled@Redfish.AllowableValues'));
  const wanted = ['Continuous', 'Once'];
  const enabled = enabledListed.length > 0 ? wanted.find((one) => enabledListed.includes(one)) : quirks.boot.enabled;
  const lun = source === 'san' ? options.find((option) => isSanPath(option.devicePath)) : undefined;
  const targets = { disk: ['Hdd'], network: ['Pxe', 'UefiHttp'], san: ['RemoteDrive', 'Hdd'] }[source];
  const byPath = lun && firstAllowed(boot, ['UefiTarget']);
  const target = byPath ?? firstAllowed(boot, source === 'san' ? targets.filter((one) => listed(boot, one)) : targets);
  if (enabled === undefined || target === undefined) return undefined;
  const mode = text(at(boot, 'BootSourceOverrideMode'));
  return {
    BootSourceOverrideEnabled: enabled,
    BootSourceOverrideTarget: target,
    ...(byPath && lun && { UefiTargetBootSourceOverride: lun.devicePath }),
    ...(quirks.boot.withMode && mode !== undefined && { BootSourceOverrideMode: mode }),
  };
}

/** A remote drive is asked for only where it is listed; a disk is what every device has. */
function listed(boot: JsonObject, target: string): boolean {
  return target === 'Hdd' || texts(at(boot, 'BootSourceOverrideTarget@Redfish.AllowableValues')).includes(target);
}

/** True when the device shows the plan. `Disabled` alone is enough for `none`: what is disabled has no target. */
export function showsPlan(boot: unknown, plan: BootPlan): boolean {
  if (plan['BootSourceOverrideEnabled'] === 'Disabled') {
    const enabled = text(at(boot, 'BootSourceOverrideEnabled'));
    return enabled === undefined ? at(boot, 'BootSourceOverrideTarget') === 'None' : enabled === 'Disabled';
  }
  return Object.entries(plan).every(([key, value]) => at(boot, key) === value);
}

/** The keys to send: all of them, or, where unchanged ones are refused, those that differ. */
export function bodyOf(plan: BootPlan, boot: unknown, quirks: RedfishQuirks): BootPlan {
  if (quirks.boot.send === 'all-keys') return plan;
  return Object.fromEntries(Object.entries(plan).filter(([key, value]) => at(boot, key) !== value));
}
