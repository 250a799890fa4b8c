import type { AdapterPortFacts } from '@rackwright/driver-core';
import { at, number, text } from '../protocol/fields.js';
import type { JsonObject } from '../transport/safe-json.js';
import { present } from './adapter-function.js';

const MBPS_PER_GBPS = 1_000;

/** `Up`/`LinkUp` is up; every other word for a link is not; no word is no fact. */
export function linkUpOf(port: JsonObject | undefined): boolean | undefined {
  const status = text(at(port, 'LinkStatus'));
  return status === undefined ? undefined : status === 'Up' || status === 'LinkUp';
}

/** Speed in Mbit/s as the port runs now; 0 means no link and is no fact. */
export function speedOf(port: JsonObject | undefined): number | undefined {
  const gbps = number(at(port, 'CurrentSpeedGbps'));
  const mbps = number(at(port, 'CurrentLinkSpeedMbps')) ?? number(at(port, 'SpeedMbps'));
  const speed = gbps !== undefined ? gbps * MBPS_PER_GBPS : mbps;
  return speed !== undefined && speed > 0 ? speed : undefined;
}

/** `Ethernet`, `FibreChannel`, `InfiniBand` as port or old network port call it. */
export function technologyOf(port: JsonObject | undefined): string | undefined {
  const protocol = text(at(port, 'PortProtocol'));
  const named = text(at(port, 'LinkNetworkTechnology')) ?? text(at(port, 'ActiveLinkTechnology'));
  return named ?? (protocol === 'FC' ? 'FibreChannel' : protocol);
}

/** Octets in hex with colons, as LLDP port ids are often written, read back as text when they are printable. */
function readable(value: unknown): string | undefined {
  const raw = text(value);
  if (raw === undefined || !/^([0-9a-f]{2}:)+[0-9a-f]{2}$/i.test(raw)) return raw;
  const decoded = Buffer.from(raw.replaceAll(':', ''), 'hex').toString('latin1');
  return /^[\x20-\x7e]+$/.test(decoded) ? decoded : raw;
}

/** The neighbour LLDP shows at a port. */
export function lldpOf(port: JsonObject | undefined): AdapterPortFacts['lldp'] {
  const receive = at(port, 'Ethernet', 'LLDPReceive');
  const lldp = present({
    chassisId: text(at(receive, 'ChassisId')),
    portId: readable(at(receive, 'PortId')),
    systemName: text(at(receive, 'SystemName')),
  });
  return Object.keys(lldp).length > 0 ? lldp : undefined;
}
