import type { PortIdentity, SanBootTarget } from '@rackwright/driver-core';
import { tryParseIqn } from '@rackwright/kernel';
import { at, number, text } from '../protocol/fields.js';
import { present } from '../facts/adapter-function.js';
import { maskOf, parseLun, prefixOf, realAddress } from './identity-shape.js';

/** Names of the same iSCSI settings in two vocabularies. */
export interface IscsiNames {
  readonly initiator: string;
  readonly address: string;
  readonly mask: string;
  readonly gateway: string;
  readonly targetName: string;
  readonly targetAddress: string;
  readonly targetPort: string;
  readonly lun: string;
}

export const STANDARD_ISCSI: IscsiNames = {
  initiator: 'InitiatorName',
  address: 'InitiatorIPAddress',
  mask: 'InitiatorNetmask',
  gateway: 'InitiatorDefaultGateway',
  targetName: 'PrimaryTargetName',
  targetAddress: 'PrimaryTargetIPAddress',
  targetPort: 'PrimaryTargetTCPPort',
  lun: 'PrimaryLUN',
};

/** iDRAC's attributes, as in the R750 capture. */
export const DELL_ISCSI: IscsiNames = {
  initiator: 'IscsiInitiatorName',
  address: 'IscsiInitiatorIpAddr',
  mask: 'IscsiInitiatorSubnet',
  gateway: 'IscsiInitiatorGateway',
  targetName: 'FirstTgtIscsiName',
  targetAddress: 'FirstTgtIpAddress',
  targetPort: 'FirstTgtTcpPort',
  lun: 'FirstTgtBootLun',
};

const ISCSI_PORT = 3260;

export function readInitiator(fields: unknown, names: IscsiNames): PortIdentity['iscsi'] {
  const initiator = tryParseIqn(text(at(fields, names.initiator)) ?? '');
  if (initiator === undefined) return undefined;
  const address = realAddress(text(at(fields, names.address)));
  const prefix = prefixOf(text(at(fields, names.mask)));
  return present({
    initiator,
    address: address !== undefined && prefix !== undefined ? `${address}/${prefix}` : address,
    gateway: realAddress(text(at(fields, names.gateway))),
  }) as PortIdentity['iscsi'];
}

export function readIscsiTarget(fields: unknown, names: IscsiNames): SanBootTarget | undefined {
  const target = tryParseIqn(text(at(fields, names.targetName)) ?? '');
  if (target === undefined) return undefined;
  const address = realAddress(text(at(fields, names.targetAddress)));
  const port = number(at(fields, names.targetPort)) ?? ISCSI_PORT;
  const portal = address === undefined ? undefined : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return present({
    kind: 'iscsi' as const,
    target,
    portal,
    lun: parseLun(at(fields, names.lun)) ?? 0,
  }) as SanBootTarget;
}

export function initiatorBody(
  iscsi: PortIdentity['iscsi'],
  names: IscsiNames,
  none: string | null,
): Record<string, unknown> {
  const [address, prefix] = iscsi?.address?.split('/') ?? [];
  return {
    [names.initiator]: iscsi?.initiator ?? none,
    [names.address]: address ?? '0.0.0.0',
    [names.mask]: prefix === undefined ? '0.0.0.0' : maskOf(Number(prefix)),
    [names.gateway]: iscsi?.gateway ?? '0.0.0.0',
  };
}

export function iscsiTargetBody(
  target: SanBootTarget | undefined,
  names: IscsiNames,
  none: string | null,
): Record<string, unknown> {
  const portal = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(target?.portal ?? '');
  return {
    [names.targetName]: target?.target ?? none,
    [names.targetAddress]: portal?.[1] || '0.0.0.0',
    [names.targetPort]: Number(portal?.[2] ?? ISCSI_PORT),
    [names.lun]: target?.lun ?? 0,
  };
}
