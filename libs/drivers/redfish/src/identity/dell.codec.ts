import type { PortIdentity, SanBootTarget } from '@rackwright/driver-core';
import { tryParseWwn } from '@rackwright/kernel';
import { present, type AdapterFunction } from '../facts/adapter-function.js';
import { dellAddresses, dellAttribute, standardAddresses } from '../facts/function-addresses.js';
import { at, object, text } from '../protocol/fields.js';
import type { Resource } from '../protocol/redfish-client.js';
import type { IdentityCodec } from './identity-codec.js';
import { normalIdentity, parseLun, type IdentityPart } from './identity-shape.js';
import { DELL_ISCSI, initiatorBody, iscsiTargetBody, readInitiator, readIscsiTarget } from './iscsi-fields.js';

const NO_MAC = '00:00:00:00:00:00';
const NO_WWN = '00:00:00:00:00:00:00:00';

/** Boot targets of iDRAC's Fibre Channel HBAs. */
const FIBRE_TARGETS = [
  { wwpn: 'FirstFCTargetWWPN', lun: 'FirstFCTargetLUN' },
  { wwpn: 'SecondFCTargetWWPN', lun: 'SecondFCTargetLUN' },
] as const;

/** iDRAC's settings resource holds only what waits; what it does not hold stays as it is. */
function attributesOf(adapter: AdapterFunction, settings: Resource | undefined): Readonly<Record<string, unknown>> {
  return { ...object(at(adapter.dell?.body, 'Attributes')), ...object(at(settings?.body, 'Attributes')) };
}

function fibreTargets(attributes: unknown): readonly SanBootTarget[] {
  return FIBRE_TARGETS.flatMap(({ wwpn, lun }) => {
    const target = tryParseWwn(text(at(attributes, wwpn)) ?? '');
    return target === undefined
      ? []
      : [{ kind: 'fibre-channel' as const, target, lun: parseLun(at(attributes, lun)) ?? 0 }];
  });
}

function fibreBody(attributes: unknown, targets: readonly SanBootTarget[]): Record<string, unknown> {
  const entries = FIBRE_TARGETS.filter(({ wwpn }) => at(attributes, wwpn) !== undefined).flatMap(
    ({ wwpn, lun }, index) => {
      const target = targets[index];
      return [
        [wwpn, target?.target ?? NO_WWN],
        [lun, String(target?.lun ?? 0)],
      ];
    },
  );
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** Values of the address attributes this function has; "none" is written as zeroes. */
function addressBody(attributes: unknown, want: PortIdentity, parts: readonly IdentityPart[]): Record<string, unknown> {
  const values = { mac: want.mac ?? NO_MAC, wwpn: want.wwpn ?? NO_WWN, wwnn: want.wwnn ?? NO_WWN };
  const entries = (['mac', 'wwpn', 'wwnn'] as const).flatMap((kind) => {
    const name = dellAttribute(attributes, kind);
    return name !== undefined && parts.includes(kind) ? [[name, values[kind]] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** iDRAC's `DellNetworkAttributes`. Pending values of zeroes read as "none", so they compare as the permanent address. */
export const DELL_CODEC: IdentityCodec = {
  via: 'dell-oem',

  active: (adapter) => adapter.dell,

  read(adapter, settings) {
    const attributes = attributesOf(adapter, settings);
    const isPending = settings !== undefined;
    // What waits as zeroes will be the permanent address; the standard resource still shows the assigned one.
    const base = standardAddresses(adapter.ndf?.body ?? {});
    const permanentOnly = {
      mac: present({ permanent: adapter.addresses.mac.permanent }),
      wwpn: present({ permanent: adapter.addresses.wwpn.permanent }),
      wwnn: present({ permanent: adapter.addresses.wwnn.permanent }),
    };
    const shown = dellAddresses(isPending ? (permanentOnly as typeof base) : base, attributes);
    const iscsiTarget = readIscsiTarget(attributes, DELL_ISCSI);
    const identity = present({
      port: adapter.name,
      mac: shown.mac.current,
      wwpn: shown.wwpn.current,
      wwnn: shown.wwnn.current,
      iscsi: readInitiator(attributes, DELL_ISCSI),
      bootTargets: [...fibreTargets(attributes), ...(iscsiTarget ? [iscsiTarget] : [])],
    });
    return normalIdentity(identity as PortIdentity, adapter);
  },

  body(adapter, want, parts) {
    const attributes = attributesOf(adapter, undefined);
    const targets = want.bootTargets ?? [];
    const hasIscsi = at(attributes, DELL_ISCSI.initiator) !== undefined;
    const withTargets = parts.includes('bootTargets');
    const iscsiTarget = targets.find((target) => target.kind === 'iscsi');
    return {
      Attributes: {
        ...addressBody(attributes, want, parts),
        ...(parts.includes('iscsi') && initiatorBody(want.iscsi, DELL_ISCSI, '')),
        ...(withTargets && (hasIscsi || iscsiTarget) && iscsiTargetBody(iscsiTarget, DELL_ISCSI, '')),
        ...(withTargets &&
          fibreBody(
            attributes,
            targets.filter((target) => target.kind === 'fibre-channel'),
          )),
      },
    };
  },
};
