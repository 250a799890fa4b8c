import { endCall, type PortIdentity, type SanBootTarget, type ServerIdentity } from '@rackwright/driver-core';
import { isUnicastMac, tryParseIqn, tryParseMac, type Iqn, type MacAddress } from '@rackwright/kernel';
import { isIPv4 } from 'node:net';

/** One port of the server and the iPXE interface it is. */
export interface IpxePort {
  /** Name of the port in inventory: `NIC.1`. */
  readonly name: string;
  /** iPXE's name of the interface: `net0`, `net1`, in the order in which the firmware finds them. */
  readonly interface: string;
}

export interface ScriptTarget {
  readonly portal: { readonly host: string; readonly port: number };
  readonly lun: number;
  readonly iqn: Iqn;
}

/** What one interface is told; every value is checked and in its normal form. */
export interface ScriptPort {
  readonly port: string;
  readonly interface: string;
  readonly mac: MacAddress | undefined;
  readonly initiator: Iqn | undefined;
  readonly address: { readonly ip: string; readonly prefix: number } | undefined;
  readonly gateway: string | undefined;
  readonly targets: readonly ScriptTarget[];
}

const INTERFACE = /^net\d{1,2}$/;
const PORT_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/;
/** LUNs up to 255 by peripheral addressing, up to 16383 by flat space addressing (SAM-5 section 4.7). */
export const LUN_MAX = 16_383;

const refuse = (code: string, message: string): never => endCall({ kind: 'refused', code, message });

/**
 * Checks an identity and gives it the shape of a script. Values come from people and from devices, and iPXE expands
 * and splits its lines: nothing passes that is not exactly of its kind. Ends the call as `refused` otherwise.
 */
export function scriptPortsOf(want: ServerIdentity, ports: readonly IpxePort[]): readonly ScriptPort[] {
  const shaped = want.ports.map((identity) => scriptPortOf(identity, ports));
  if (new Set(shaped.map((port) => port.interface)).size !== shaped.length)
    refuse('ipxe.port-twice', 'a port is given twice');
  const macs = shaped.flatMap((port) => port.mac ?? []);
  if (new Set(macs).size !== macs.length) refuse('ipxe.mac-twice', 'two ports would have the same MAC address');
  const initiators = new Set(shaped.flatMap((port) => port.initiator ?? []));
  if (initiators.size > 1) refuse('ipxe.one-initiator', 'iPXE has one initiator name for the whole server');
  if (initiators.size === 0 && shaped.some((port) => port.targets.length > 0)) {
    refuse('ipxe.no-initiator', 'a boot target needs an initiator name');
  }
  const order = new Map(ports.map((port, index) => [port.name, index]));
  return [...shaped].sort((a, b) => (order.get(a.port) ?? 0) - (order.get(b.port) ?? 0));
}

function scriptPortOf(identity: PortIdentity, ports: readonly IpxePort[]): ScriptPort {
  const known = ports.find((port) => port.name === identity.port);
  if (!known || !PORT_NAME.test(known.name) || !INTERFACE.test(known.interface)) {
    return refuse('ipxe.no-such-port', `the server has no port "${identity.port}"`);
  }
  if (identity.wwpn !== undefined || identity.wwnn !== undefined) {
    refuse('ipxe.no-fibre-channel', `${identity.port} cannot take a World Wide Name`);
  }
  const { iscsi } = identity;
  return {
    port: known.name,
    interface: known.interface,
    mac: identity.mac === undefined ? undefined : macOf(identity.mac),
    initiator: iscsi === undefined ? undefined : iqnOf(iscsi.initiator),
    address: iscsi?.address === undefined ? undefined : addressOf(iscsi.address),
    gateway: iscsi?.gateway === undefined ? undefined : ipOf(iscsi.gateway),
    targets: (identity.bootTargets ?? []).map(targetOf),
  };
}

function macOf(text: string): MacAddress {
  const mac = tryParseMac(text);
  return mac !== undefined && isUnicastMac(mac) ? mac : refuse('ipxe.invalid-mac', 'a MAC address is not valid');
}

function iqnOf(text: string): Iqn {
  return tryParseIqn(text) ?? refuse('ipxe.invalid-iqn', 'an iSCSI name is not valid');
}

function ipOf(text: string): string {
  return isIPv4(text) ? text : refuse('ipxe.invalid-address', 'an address is not an IPv4 address');
}

function addressOf(text: string): { ip: string; prefix: number } {
  const match = /^([0-9.]{7,15})\/(\d{1,2})$/.exec(text);
  const prefix = Number(match?.[2]);
  if (!match || !(prefix >= 1 && prefix <= 32))
    return refuse('ipxe.invalid-address', 'an initiator address is IPv4/prefix');
  return { ip: ipOf(match[1] ?? ''), prefix };
}

function targetOf(target: SanBootTarget): ScriptTarget {
  if (target.kind !== 'iscsi') return refuse('ipxe.no-fibre-channel', 'iPXE boots from iSCSI here');
  const match = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)(?::(\d{1,5}))?$/.exec(target.portal ?? '');
  const port = Number(match?.[2] ?? 3260);
  if (!match || port < 1 || port > 65_535) return refuse('ipxe.invalid-portal', 'a portal is host or host:port');
  if (!Number.isInteger(target.lun) || target.lun < 0 || target.lun > LUN_MAX) {
    return refuse('ipxe.invalid-lun', `a LUN is 0..${LUN_MAX}`);
  }
  return { portal: { host: match[1] ?? '', port }, lun: target.lun, iqn: iqnOf(target.target) };
}

/** The identity in the words of the port again. */
export function identityOf(port: ScriptPort): PortIdentity {
  const { address, gateway, initiator, targets } = port;
  return {
    port: port.port,
    ...(port.mac === undefined ? {} : { mac: port.mac }),
    ...(initiator === undefined
      ? {}
      : {
          iscsi: {
            initiator,
            ...(address === undefined ? {} : { address: `${address.ip}/${address.prefix}` }),
            ...(gateway === undefined ? {} : { gateway }),
          },
        }),
    ...(targets.length === 0
      ? {}
      : {
          bootTargets: targets.map(({ portal, lun, iqn }) => ({
            kind: 'iscsi' as const,
            target: iqn,
            portal: `${portal.host}:${portal.port}`,
            lun,
          })),
        }),
  };
}
