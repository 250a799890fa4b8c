import type { HardwareEvent, World } from '../world/index.js';
import type { Checker, Violation } from './checker.js';

/** I2, paths: each volume that is not shared is reachable by at most one powered server. */
export class OnePath implements Checker {
  readonly invariant = 'I2';

  check(world: World, event: HardwareEvent): Violation | undefined {
    if (event.kind === 'write') return undefined;
    const reachedBy = new Map<string, string>();
    for (const server of Object.values(world.state.servers)) {
      if (server.phase === 'off') continue;
      for (const key of reachOf(world, server.name)) {
        const other = reachedBy.get(key);
        if (other !== undefined && other !== server.name) {
          const message = `volume ${key} can be reached by ${other} and by ${server.name}`;
          return { invariant: this.invariant, message, servers: [other, server.name] };
        }
        reachedBy.set(key, server.name);
      }
    }
    return undefined;
  }
}

/** I2, blocks: writes of two lifetimes (one boot of one server) on one volume never overlap. */
export class OneWriter implements Checker {
  readonly invariant = 'I2';

  check(world: World, event: HardwareEvent): Violation | undefined {
    if (event.kind !== 'write') return undefined;
    const array = world.state.arrays[event.device.name];
    const name = String(event.detail?.['volume']);
    const volume = array?.volumes[name];
    const writes = array?.writes[name];
    if (!volume || !writes || volume.shared) return undefined;
    const byEnd = [...writes.lifetimes].sort((one, other) => one.firstSequence - other.firstSequence);
    for (const [index, later] of byEnd.entries()) {
      const before = byEnd.slice(0, index).find((each) => each.lastSequence > later.firstSequence);
      if (before) {
        const message = `${before.server} went on writing to ${event.device.name}/${name} after ${later.server} had begun`;
        return { invariant: this.invariant, message, servers: [before.server, later.server] };
      }
    }
    return undefined;
  }
}

/** Non-shared volumes a server can reach by a complete path or still holds a live session on, as `array/volume`. */
export function reachOf(world: World, serverName: string): ReadonlySet<string> {
  const reach = new Set<string>();
  const server = world.state.servers[serverName];
  if (!server || server.phase === 'off') return reach;
  for (const path of world.io.pathsOf(server)) reach.add(`${path.array}/${path.volume}`);
  for (const array of Object.values(world.state.arrays)) {
    for (const session of Object.values(array.sessions)) {
      if (session.server === serverName && world.io.sessionAlive(array, session)) {
        reach.add(`${array.name}/${session.volume}`);
      }
    }
    for (const volume of Object.values(array.volumes)) if (volume.shared) reach.delete(`${array.name}/${volume.name}`);
  }
  return reach;
}
