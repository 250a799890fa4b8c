import type { PortIdentity, SanBootTarget } from '@rackwright/driver-core';
import { tryParseWwn } from '@rackwright/kernel';
import { present, type AdapterFunction } from '../facts/adapter-function.js';
import { standardAddresses } from '../facts/function-addresses.js';
import { at, list, object, text } from '../protocol/fields.js';
import type { JsonObject } from '../transport/safe-json.js';
import type { IdentityCodec } from './identity-codec.js';
import { normalIdentity, parseLun, type IdentityPart } from './identity-shape.js';
import { initiatorBody, iscsiTargetBody, readInitiator, readIscsiTarget, STANDARD_ISCSI } from './iscsi-fields.js';

const SECTIONS = ['Ethernet', 'FibreChannel', 'iSCSIBoot'] as const;

/** True when the settings object shows the whole function and not only what was asked for: then its nulls are values. */
function isMirror(pending: JsonObject | undefined): boolean {
  return (
    at(pending, 'NetDevFuncType') !== undefined ||
    text(at(pending, 'Ethernet', 'PermanentMACAddress')) !== undefined ||
    text(at(pending, 'FibreChannel', 'PermanentWWPN')) !== undefined
  );
}

/** What waits laid over what is: a settings object that holds only what was asked for leaves the rest as it is. */
function overlay(active: JsonObject, pending: JsonObject | undefined): JsonObject {
  const merged: Record<string, unknown> = { ...active };
  const keepsNulls = isMirror(pending);
  for (const section of SECTIONS) {
    const over = Object.entries(object(at(pending, section)) ?? {}).filter(([, value]) => keepsNulls || value !== null);
    merged[section] = { ...object(active[section]), ...Object.fromEntries(over) };
  }
  return merged;
}

function fibreTargets(body: JsonObject): readonly SanBootTarget[] {
  const targets = list(at(body, 'FibreChannel', 'BootTargets')).flatMap((entry, index) => {
    const wwpn = tryParseWwn(text(at(entry, 'WWPN')) ?? '');
    const priority = Number(at(entry, 'BootPriority') ?? index);
    return wwpn === undefined ? [] : [{ priority, target: wwpn, lun: parseLun(at(entry, 'LUNID')) ?? 0 }];
  });
  return targets
    .sort((left, right) => left.priority - right.priority)
    .map(({ target, lun }) => ({ kind: 'fibre-channel' as const, target, lun }));
}

function fibreBody(adapter: AdapterFunction, want: PortIdentity, parts: readonly IdentityPart[]): JsonObject {
  const { wwpn, wwnn } = adapter.addresses;
  const targets = (want.bootTargets ?? []).filter((target) => target.kind === 'fibre-channel');
  return present({
    WWPN: parts.includes('wwpn') ? (want.wwpn ?? wwpn.permanent) : undefined,
    WWNN: parts.includes('wwnn') ? (want.wwnn ?? wwnn.permanent) : undefined,
    BootTargets: parts.includes('bootTargets')
      ? targets.map(({ target, lun }, index) => ({ WWPN: target, LUNID: String(lun), BootPriority: index }))
      : undefined,
  });
}

/** Boot mode that goes with the wanted target; undefined leaves the device's own. */
function bootModeOf(adapter: AdapterFunction, want: PortIdentity): string | undefined {
  const shown = text(at(adapter.ndf?.body, 'BootMode'));
  const kind = want.bootTargets?.[0]?.kind;
  if (shown === undefined) return undefined;
  if (kind === 'fibre-channel') return shown.startsWith('FibreChannel') ? undefined : 'FibreChannel';
  if (kind === 'iscsi') return shown === 'iSCSI' ? undefined : 'iSCSI';
  return shown === 'iSCSI' || shown.startsWith('FibreChannel') ? 'Disabled' : undefined;
}

/** The standard NetworkDeviceFunction: `Ethernet.MACAddress`, `FibreChannel`, `iSCSIBoot`. */
export const STANDARD_CODEC: IdentityCodec = {
  via: 'standard',

  active: (adapter) => adapter.ndf,

  read(adapter, settings) {
    const body = overlay(adapter.ndf?.body ?? {}, settings?.body);
    const { mac, wwpn, wwnn } = standardAddresses(body);
    const iscsiTarget = readIscsiTarget(at(body, 'iSCSIBoot'), STANDARD_ISCSI);
    const bootTargets = [...fibreTargets(body), ...(iscsiTarget ? [iscsiTarget] : [])];
    const iscsi = readInitiator(at(body, 'iSCSIBoot'), STANDARD_ISCSI);
    const shown = { port: adapter.name, mac: mac.current, wwpn: wwpn.current, wwnn: wwnn.current, iscsi, bootTargets };
    return normalIdentity(present(shown) as PortIdentity, adapter);
  },

  body(adapter, want, parts) {
    const iscsiTarget = want.bootTargets?.find((target) => target.kind === 'iscsi');
    const hasIscsi = Object.keys(object(at(adapter.ndf?.body, 'iSCSIBoot')) ?? {}).length > 0;
    const withTargets = parts.includes('bootTargets');
    const iscsi = {
      ...(parts.includes('iscsi') && initiatorBody(want.iscsi, STANDARD_ISCSI, null)),
      ...(withTargets && (hasIscsi || iscsiTarget) && iscsiTargetBody(iscsiTarget, STANDARD_ISCSI, null)),
    };
    const isFibre = adapter.kind === 'fibre-channel' || parts.includes('wwpn') || parts.includes('wwnn');
    const fibre = isFibre ? fibreBody(adapter, want, parts) : {};
    const mac = want.mac ?? adapter.addresses.mac.permanent;
    return present({
      Ethernet: parts.includes('mac') && mac !== undefined ? { MACAddress: mac } : undefined,
      FibreChannel: Object.keys(fibre).length > 0 ? fibre : undefined,
      iSCSIBoot: Object.keys(iscsi).length > 0 ? iscsi : undefined,
      BootMode: withTargets ? bootModeOf(adapter, want) : undefined,
    });
  },
};
