import type { ProfileDefinition, SagaPort } from '@rackwright/contracts';
import type { CablingEntity, ServerEntity } from '../server/server.entity.js';

/** Why a server cannot take a profile: a stable code and a sentence for people. */
export interface PlacementReason {
  readonly code: string;
  readonly message: string;
}

/** A server with what placement looks at. */
export interface PlacementServer {
  readonly server: ServerEntity;
  readonly cabling: readonly CablingEntity[];
  /** Profiles whose identity this server may still carry, other than the one being placed. */
  readonly carriesOthers: boolean;
}

export interface PlacementPool {
  readonly name: string;
  readonly qualification: Omit<ProfileDefinition['qualification'], 'pool'>;
}

/** Below this, an observation that contradicts the declared cabling makes the port unusable. */
const CONFIDENCE_MIN = 0.5;

/** Lays a profile's vNICs and vHBAs onto ports: in the order of both, Fibre Channel by fabric. Pure. */
export function mapPorts(
  definition: ProfileDefinition,
  { server, cabling }: PlacementServer,
): { ports: SagaPort[]; missing: PlacementReason[] } {
  const ends = new Map(cabling.map((end) => [end.port, end]));
  const usable = (port: string): boolean => (ends.get(port)?.confidence ?? 0) >= CONFIDENCE_MIN;
  const facts = [...(server.facts?.ports ?? [])].sort((left, right) => compareNames(left.name, right.name));
  const carries = new Map<string, string>();
  const missing: PlacementReason[] = [];
  const nics = facts.filter((port) => port.kind === 'ethernet' && port.assignable && usable(port.name));
  definition.vnics.forEach((vnic, index) => {
    const port = nics[index];
    if (port) carries.set(port.name, vnic.name);
  });
  if (nics.length < definition.vnics.length) {
    missing.push({
      code: 'too-few-nic-ports',
      message: `${nics.length} usable NIC ports (cabled, assignable), ${definition.vnics.length} needed`,
    });
  }
  for (const vhba of definition.vhbas) {
    const port = facts.find(
      ({ name, kind, assignable }) =>
        kind === 'fibre-channel' &&
        assignable &&
        !carries.has(name) &&
        usable(name) &&
        ends.get(name)?.device === vhba.fabric,
    );
    if (port) carries.set(port.name, vhba.name);
    else
      missing.push({
        code: 'no-port-on-fabric',
        message: `no free usable HBA port on fabric ${vhba.fabric} for ${vhba.name}`,
      });
  }
  for (const port of facts) {
    // A cut closes every port of a server; one that is plugged in somewhere unknown could not be closed.
    if (port.linkUp === true && !ends.has(port.name))
      missing.push({ code: 'port-uncabled', message: `port ${port.name} has a link, but nobody knows to what` });
  }
  const ports = facts.map((port): SagaPort => {
    const end = ends.get(port.name);
    const carried = carries.get(port.name);
    return {
      name: port.name,
      kind: port.kind,
      ...(end && { device: end.device, devicePort: end.devicePort }),
      ...(port.permanentMac && { permanentMac: port.permanentMac }),
      ...(port.permanentWwpn && { permanentWwpn: port.permanentWwpn }),
      ...(carried !== undefined && { carries: carried }),
    };
  });
  return { ports, missing };
}

/** Every reason why this server cannot take the profile; none means that it qualifies. Pure. */
export function rejectionsOf(
  definition: ProfileDefinition,
  candidate: PlacementServer,
  pools: readonly PlacementPool[],
): PlacementReason[] {
  return [
    ...stateReasons(candidate),
    ...hardwareReasons(definition, candidate, pools),
    ...mapPorts(definition, candidate).missing,
  ];
}

function stateReasons({ server, carriesOthers }: PlacementServer): PlacementReason[] {
  const reasons: PlacementReason[] = [];
  if (server.lifecycle !== 'available')
    reasons.push({ code: `server-${server.lifecycle}`, message: `the server is ${server.lifecycle}` });
  if (server.lockedBy !== null)
    reasons.push({ code: 'server-locked', message: `run ${server.lockedBy} is changing it` });
  if (carriesOthers)
    reasons.push({ code: 'former-holder', message: 'it may still carry the identity of another profile' });
  if (server.facts === null) reasons.push({ code: 'not-discovered', message: 'its hardware has not been read yet' });
  return reasons;
}

function hardwareReasons(
  definition: ProfileDefinition,
  { server }: PlacementServer,
  pools: readonly PlacementPool[],
): PlacementReason[] {
  const { facts } = server;
  if (facts === null) return [];
  const wanted = definition.qualification;
  const reasons: PlacementReason[] = [];
  const architecture = facts.architecture ?? server.declaredArchitecture ?? undefined;
  const poolRules = pools.find((pool) => pool.name === server.pool)?.qualification ?? {};
  if (wanted.pool !== undefined && server.pool !== wanted.pool) {
    reasons.push({
      code: 'other-pool',
      message: `it is in ${server.pool === null ? 'no pool' : `pool ${server.pool}`}, ${wanted.pool} is asked for`,
    });
  }
  for (const rules of [wanted, poolRules]) {
    if (rules.architecture !== undefined && architecture !== rules.architecture) {
      reasons.push({
        code: 'architecture-differs',
        message: `it is ${architecture ?? 'of unknown architecture'}, ${rules.architecture} is asked for`,
      });
    }
    if (rules.coresMin !== undefined && (facts.cores ?? 0) < rules.coresMin) {
      reasons.push({
        code: 'too-few-cores',
        message: `${facts.cores ?? 'unknown number of'} cores, ${rules.coresMin} needed`,
      });
    }
    if (rules.memoryGiBMin !== undefined && (facts.memoryGiB ?? 0) < rules.memoryGiBMin) {
      reasons.push({
        code: 'too-little-memory',
        message: `${facts.memoryGiB ?? 'unknown'} GiB of memory, ${rules.memoryGiBMin} needed`,
      });
    }
    if (rules.model !== undefined && facts.model !== rules.model) {
      reasons.push({
        code: 'other-model',
        message: `it is a ${facts.model ?? 'unknown model'}, ${rules.model} is asked for`,
      });
    }
  }
  return reasons;
}

/** Higher is better: the smallest machine that fits, preferably one that is off already. Pure. */
export function scoreOf(definition: ProfileDefinition, { server }: PlacementServer): { score: number; why: string[] } {
  const cores = server.facts?.cores ?? 0;
  const memoryGiB = server.facts?.memoryGiB ?? 0;
  const spareCores = cores - (definition.qualification.coresMin ?? 1);
  const spareGiB = memoryGiB - (definition.qualification.memoryGiBMin ?? 1);
  const isOff = server.powerState === 'off';
  const why = [`${cores} cores (${spareCores} more than asked)`, `${memoryGiB} GiB (${spareGiB} more than asked)`];
  if (isOff) why.push('it is off already');
  return { score: Math.round((isOff ? 100 : 0) - spareCores * 2 - spareGiB / 16), why };
}

/** `NIC.2` before `NIC.10`: names with numbers in the order people count. */
export function compareNames(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
