import { isClean, type HardwareEvent, type PortIdentityChange, type ServerState, type World } from '../world/index.js';
import type { Checker, Violation } from './checker.js';
import { liveIdentities } from './one-holder.js';
import { reachOf } from './one-writer.js';

const STARTING = new Set(['On', 'ForceOn', 'PowerCycle', 'PushPowerButton', 'ForceRestart', 'GracefulRestart']);

/**
 * I3: a server is powered on only when whoever held its identity before is truly off or truly cut. Looks at the moment of
 * the start, with the identity the server is about to take, ports open or not: whether its own ports would have saved the
 * day is not the question.
 */
export class SafeStart implements Checker {
  readonly invariant = 'I3';

  check(world: World, event: HardwareEvent): Violation | undefined {
    const target = startedServer(world, event);
    if (!target) return undefined;
    const taking = new Set(takenIdentities(target));
    const bootsFrom = bootVolumes(world, target);
    for (const other of Object.values(world.state.servers)) {
      if (other.name === target.name || other.phase === 'off') continue;
      const identity = liveIdentities(world, other).find((each) => taking.has(each));
      const volume = [...reachOf(world, other.name)].find((each) => bootsFrom.has(each));
      if (identity === undefined && volume === undefined) continue;
      const held = identity === undefined ? `reaches its boot volume ${volume ?? ''}` : `still holds ${identity}`;
      const message = `${target.name} was powered on while ${other.name} ${held}`;
      return { invariant: this.invariant, message, servers: [target.name, other.name] };
    }
    return undefined;
  }
}

/** I4: a server was off, and free of any other identity, when an identity was programmed. */
export class CleanTarget implements Checker {
  readonly invariant = 'I4';

  check(world: World, event: HardwareEvent): Violation | undefined {
    if (event.kind !== 'identity-staged' && event.kind !== 'identity-programmed') return undefined;
    const server = world.state.servers[event.device.name];
    const port = server?.ports.find((each) => each.name === event.detail?.['port']);
    if (!server || !port) return undefined;
    const wanted = event.detail?.['wanted'] as PortIdentityChange;
    if (!programsSomething(wanted, port.permanent)) return undefined;
    const refuse = (why: string): Violation => ({
      invariant: this.invariant,
      message: `an identity was programmed into ${server.name} ${port.name} ${why}`,
      servers: [server.name],
    });
    if (event.detail?.['phase'] !== 'off') return refuse(`while it was ${String(event.detail?.['phase'])}`);
    const before = event.detail?.['before'] as PortIdentityChange;
    for (const key of ['mac', 'wwpn', 'wwnn'] as const) {
      const foreign = before[key] !== port.permanent[key] && before[key] !== wanted[key];
      if (wanted[key] !== undefined && foreign) return refuse(`that still showed ${String(before[key])}`);
    }
    return undefined;
  }
}

/**
 * I8: quarantined servers are inert. Which servers are quarantined is not physics, so whoever knows tells this checker.
 */
export class InertQuarantine implements Checker {
  readonly invariant = 'I8';
  private readonly quarantined = new Set<string>();

  quarantine(server: string): void {
    this.quarantined.add(server);
  }

  release(server: string): void {
    this.quarantined.delete(server);
  }

  check(world: World): Violation | undefined {
    for (const name of this.quarantined) {
      const alive = whyNotInert(world, name);
      if (alive) return { invariant: this.invariant, message: `quarantined ${name} ${alive}`, servers: [name] };
    }
    return undefined;
  }
}

/** Why a server could still do harm; undefined when it is inert: no frame passes, or it is off with its own identity. */
export function whyNotInert(world: World, name: string): string | undefined {
  const server = world.state.servers[name];
  if (!server) return undefined;
  if (server.phase !== 'off' && server.ports.some((port) => world.io.portUp(server, port))) {
    return 'is powered with a port open';
  }
  if (reachOf(world, name).size > 0) return 'reaches a volume';
  return undefined;
}

/** True when a server shows nothing but its own identity, now and after its next reset. */
export function isIdentityFree(server: ServerState): boolean {
  return server.uuid === server.permanentUuid && server.ports.every((port) => isClean(port) && !port.pending);
}

function startedServer(world: World, event: HardwareEvent): ServerState | undefined {
  const started =
    (event.kind === 'reset' && STARTING.has(String(event.detail?.['type']))) ||
    event.kind === 'power-button' ||
    event.kind === 'power-step';
  const server = started ? world.state.servers[event.device.name] : undefined;
  return server?.phase === 'powering-on' || server?.phase === 'post' ? server : undefined;
}

/** Identities that are not the server's own by birth: only those can be somebody else's too. */
function takenIdentities(server: ServerState): readonly string[] {
  return server.ports.flatMap(({ current, permanent }) => {
    const own = new Set([permanent.mac, permanent.wwpn, permanent.wwnn]);
    return [current.mac, current.wwpn, current.wwnn, current.iscsi?.initiator].filter(
      (each) => each !== undefined && !own.has(each),
    ) as string[];
  });
}

/** Volumes masked to the server's initiators that it boots from, reachable right now or not. */
function bootVolumes(world: World, server: ServerState): ReadonlySet<string> {
  const volumes = new Set<string>();
  for (const { current } of server.ports) {
    const initiator = current.wwpn ?? current.iscsi?.initiator;
    if (initiator === undefined || current.bootTargets.length === 0) continue;
    for (const array of Object.values(world.state.arrays)) {
      const host = Object.values(array.hosts).find((each) => each.initiators.some(({ name }) => name === initiator));
      for (const mapping of host?.mappings ?? []) {
        const isBoot = current.bootTargets.some((boot) => boot.lun === mapping.lun);
        if (isBoot && !array.volumes[mapping.volume]?.shared) volumes.add(`${array.name}/${mapping.volume}`);
      }
    }
  }
  return volumes;
}

function programsSomething(wanted: PortIdentityChange, permanent: ServerState['ports'][number]['permanent']): boolean {
  const foreign = (['mac', 'wwpn', 'wwnn'] as const).some(
    (key) => wanted[key] !== undefined && wanted[key] !== permanent[key],
  );
  return foreign || (wanted.iscsi !== undefined && wanted.iscsi !== null);
}
