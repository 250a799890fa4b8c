import type { HardwareEvent, ServerState, World } from '../world/index.js';
import type { Checker, Violation } from './checker.js';

/** I1: each MAC, WWPN, WWNN, IQN and UUID is live on at most one powered server with a port up. */
export class OneHolder implements Checker {
  readonly invariant = 'I1';

  check(world: World, event: HardwareEvent): Violation | undefined {
    if (event.kind === 'write') return undefined;
    const holders = new Map<string, string>();
    for (const server of Object.values(world.state.servers)) {
      for (const identity of liveIdentities(world, server)) {
        const other = holders.get(identity);
        if (other !== undefined && other !== server.name) {
          const message = `${identity} is live on ${other} and on ${server.name}`;
          return { invariant: this.invariant, message, servers: [other, server.name] };
        }
        holders.set(identity, server.name);
      }
    }
    return undefined;
  }
}

/** The identities by which a server can be met on a network or fabric right now: powered, and the port passes frames. */
export function liveIdentities(world: World, server: ServerState): readonly string[] {
  if (server.phase === 'off') return [];
  const up = server.ports.filter((port) => world.io.portUp(server, port));
  if (up.length === 0) return [];
  const ofPorts = up.flatMap(({ current }) =>
    [current.mac, current.wwpn, current.wwnn, current.iscsi?.initiator].filter((each) => each !== undefined),
  );
  return [server.uuid, ...ofPorts];
}
