import type { ServerIdentityMessage } from '@rackwright/contracts';
import type { AdapterPortFacts, PortIdentity, PortIdentityReading, SanBootTarget } from '@rackwright/driver-core';

/** How a server's ports compare with what is wanted of them. */
export interface Comparison {
  /** Ports that show something else, in words. */
  readonly differences: readonly string[];
  /** True when some wanted value is applied only at the next reset. */
  readonly isPending: boolean;
  /** Ports that cannot be told clean and cannot be programmed either. */
  readonly ignored: readonly string[];
}

const ADDRESSES = [
  ['mac', 'permanentMac'],
  ['wwpn', 'permanentWwpn'],
  ['wwnn', 'permanentWwnn'],
] as const;

/** Current or pending equals what is wanted, on every port; ports that are not named must be their own. */
export function compareIdentity(
  want: Pick<ServerIdentityMessage, 'ports'>,
  readings: readonly PortIdentityReading[],
  facts: readonly AdapterPortFacts[],
): Comparison {
  const differences: string[] = [];
  const ignored: string[] = [];
  let isPending = false;
  for (const { port } of want.ports)
    if (!readings.some((reading) => reading.port === port)) differences.push(`${port} is not there`);
  for (const reading of readings) {
    const known = facts.find((port) => port.name === reading.port);
    const named = want.ports.find(({ port }) => port === reading.port);
    if (!named && isOutOfReach(reading, known)) {
      ignored.push(reading.port);
      continue;
    }
    const target = textOf((named ?? { port: reading.port }) as PortIdentity, known);
    const shown = textOf(reading.pending ?? reading.current, known);
    if (target !== shown) differences.push(`${reading.port} shows ${shown}, not ${target}`);
    else if (reading.pending) isPending = true;
  }
  return { differences, isPending, ignored };
}

/** Clean now, and nothing waits for a reset. */
export function judgeClean(readings: readonly PortIdentityReading[], facts: readonly AdapterPortFacts[]): Comparison {
  const differences: string[] = [];
  const ignored: string[] = [];
  for (const reading of readings) {
    if (reading.clean && !reading.pending) continue;
    const known = facts.find((port) => port.name === reading.port);
    if (isOutOfReach(reading, known)) ignored.push(reading.port);
    else if (reading.pending) differences.push(`${reading.port} has a change waiting for a reset`);
    else differences.push(`${reading.port} shows ${textOf(reading.current, known)}`);
  }
  return { differences, isPending: false, ignored };
}

/** Not clean only because the adapter does not show its burnt-in address, and nothing can be written into it. */
function isOutOfReach({ current, pending }: PortIdentityReading, known: AdapterPortFacts | undefined): boolean {
  if (!known || known.assignable || pending || current.iscsi || (current.bootTargets?.length ?? 0) > 0) return false;
  return ADDRESSES.every(([kind, permanent]) => current[kind] === undefined || known[permanent] === undefined);
}

/** An identity in the one form in which two are compared: burnt-in values and empty parts left out. */
function textOf(identity: PortIdentity, known: AdapterPortFacts | undefined): string {
  const parts: Record<string, unknown> = {};
  for (const [kind, permanent] of ADDRESSES) {
    const value = identity[kind]?.toLowerCase();
    if (value !== undefined && value !== known?.[permanent]?.toLowerCase()) parts[kind] = value;
  }
  const { iscsi, bootTargets } = identity;
  if (iscsi) {
    parts['iscsi'] = [iscsi.initiator.toLowerCase(), iscsi.address ?? null, iscsi.gateway ?? null];
  }
  if (bootTargets && bootTargets.length > 0) parts['bootTargets'] = bootTargets.map(targetOf);
  return Object.keys(parts).length === 0 ? 'its own identity' : JSON.stringify(parts);
}

function targetOf({ kind, target, portal, lun }: SanBootTarget): readonly unknown[] {
  const place = portal === undefined || portal.includes(':') ? portal : `${portal}:3260`;
  return [kind, target.toLowerCase(), place ?? null, lun];
}
