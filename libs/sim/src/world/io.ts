import { cableFrom, carries, isClosed } from './cabling.js';
import type { WorldCore } from './core.js';
import { PHYSICS } from './events.js';
import type { FabricPhysics } from './fabric.js';
import type {
  AdapterPortState,
  ArrayState,
  ArrayTargetState,
  InitiatorName,
  ServerState,
  SessionState,
} from './model.js';
import type { ArrayPhysics } from './storage.js';

/** One complete way from a server port to a volume, through link, zone or VLAN, and mask. */
export interface VolumePath {
  readonly server: string;
  readonly port: string;
  readonly initiator: InitiatorName;
  readonly array: string;
  readonly target: string;
  readonly volume: string;
  readonly lun: number;
}

const LIFETIMES_MAX = 50;
const IO_INTERVAL_MS = 1_000;

/**
 * I/O as physics. A machine whose system runs opens sessions over every complete path and writes to its volumes at
 * intervals. An open session outlives its mask and dies with its link: what a control plane believes has no part in it.
 */
export class IoPhysics {
  constructor(
    private readonly core: WorldCore,
    private readonly fabrics: FabricPhysics,
    private readonly arrays: ArrayPhysics,
  ) {
    core.onSettle(() => this.cutLostSessions());
    core.onTimer('io-tick', () => this.tick());
    if (!Object.values(core.state.timers).some((timer) => timer.kind === 'io-tick')) this.nextTick();
  }

  /** True when a port can pass frames at all: power, cable and switch port. */
  portUp(server: ServerState, port: AdapterPortState): boolean {
    const cable = cableFrom(this.core.state, server.name, port.name);
    if (server.phase === 'off' || !cable || cable.broken) return false;
    if (cable.to.kind === 'switch') {
      const target = this.core.state.switches[cable.to.device];
      const config = target?.ports[cable.to.port]?.applied;
      return target !== undefined && config !== undefined && !isClosed(config, target.parkingVlan);
    }
    const { fcSwitch } = this.fabrics.fcSwitch(cable.to.device);
    return fcSwitch.ports[cable.to.port]?.enabled === true;
  }

  /** Every complete path of a server, masks included: what it can reach if its system runs. */
  pathsOf(server: ServerState): readonly VolumePath[] {
    return server.ports.flatMap((port) => this.pathsOfPort(server, port));
  }

  /** True while frames of this session can pass; says nothing about masks. */
  sessionAlive(array: ArrayState, session: SessionState): boolean {
    const server = this.core.state.servers[session.server];
    const port = server?.ports.find((each) => each.name === session.port);
    const target = array.targets.find((each) => each.name === session.target);
    if (!server || !port || !target || server.bootId !== session.bootId || !runsSystem(server)) return false;
    const initiator = initiatorOf(port);
    return initiator?.name === session.initiator.name && this.linked(server, port, target, array);
  }

  /** From where the server would start now: `array/volume`, `disk`, or what its screen would say. */
  probeBoot(server: ServerState): { readonly from: string } | { readonly screen: string } {
    const targets = server.ports.flatMap((port) => port.current.bootTargets.map((boot) => ({ port, boot })));
    const override = server.boot.overrideEnabled === 'Disabled' ? 'None' : server.boot.overrideTarget;
    if (override === 'Pxe' || override === 'UefiHttp') return { screen: 'network boot: no offer received' };
    for (const { port, boot } of targets) {
      const path = this.pathsOfPort(server, port).find((each) => each.target === boot.target && each.lun === boot.lun);
      if (path) return { from: `${path.array}/${path.volume}` };
    }
    const local = this.core.state.models[server.model]?.localSystem === true;
    if (local && targets.length === 0) return { from: 'disk' };
    return { screen: targets.length > 0 ? 'boot target not reachable: no bootable device' : 'no bootable device' };
  }

  private pathsOfPort(server: ServerState, port: AdapterPortState): readonly VolumePath[] {
    const initiator = initiatorOf(port);
    if (!initiator || !this.portUp(server, port)) return [];
    const paths: VolumePath[] = [];
    for (const array of Object.values(this.core.state.arrays)) {
      const host = this.arrays.hostOf(array, initiator);
      if (!host || host.mappings.length === 0) continue;
      for (const target of array.targets) {
        if (target.kind !== initiator.kind || !this.linked(server, port, target, array)) continue;
        for (const { volume, lun } of host.mappings) {
          paths.push({
            server: server.name,
            port: port.name,
            initiator,
            array: array.name,
            target: target.name,
            volume,
            lun,
          });
        }
      }
    }
    return paths;
  }

  /** True when frames pass between a server port and an array target. */
  private linked(server: ServerState, port: AdapterPortState, target: ArrayTargetState, array: ArrayState): boolean {
    if (!this.portUp(server, port)) return false;
    return target.kind === 'fibre-channel'
      ? this.linkedByFabric(port, target, server)
      : this.linkedByNetwork(server, port, target, array);
  }

  private linkedByFabric(port: AdapterPortState, target: ArrayTargetState, server: ServerState): boolean {
    for (const fabric of Object.values(this.core.state.fabrics)) {
      const mine = fabric.logins.find((each) => each.holder.name === server.name && each.holder.port === port.name);
      if (!mine || !fabric.logins.some((each) => each.wwpn === target.name)) continue;
      if (this.fabrics.zoned(fabric, mine.wwpn, target.name)) return true;
    }
    return false;
  }

  private linkedByNetwork(
    server: ServerState,
    port: AdapterPortState,
    target: ArrayTargetState,
    array: ArrayState,
  ): boolean {
    if (target.vlan === undefined) return false;
    // An initiator talks to the targets it was given, nobody else's.
    if (!port.current.bootTargets.some((boot) => boot.target === target.name)) return false;
    const near = cableFrom(this.core.state, server.name, port.name);
    const far = cableFrom(this.core.state, array.name, target.id);
    const nearConfig = near && this.core.state.switches[near.to.device]?.ports[near.to.port]?.applied;
    if (!nearConfig || !carries(nearConfig, target.vlan)) return false;
    if (!far) return true;
    const farConfig = this.core.state.switches[far.to.device]?.ports[far.to.port]?.applied;
    return !far.broken && farConfig !== undefined && carries(farConfig, target.vlan);
  }

  private cutLostSessions(): void {
    for (const array of Object.values(this.core.state.arrays)) {
      for (const session of Object.values(array.sessions)) this.cutIfLost(array, session);
    }
  }

  private cutIfLost(array: ArrayState, session: SessionState): void {
    if (this.sessionAlive(array, session)) {
      if (session.deadUntilMs !== undefined) delete session.deadUntilMs;
      return;
    }
    const server = this.core.state.servers[session.server];
    // A fabric tells the array at once that a port is gone; TCP tells nobody until it times out. A system that was shut down in good order logged out.
    const loggedOut = server?.phase === 'off' && server.lastStop === 'graceful';
    if (session.initiator.kind === 'fibre-channel' || loggedOut) this.arrays.dropSession(array, session.id);
    else session.deadUntilMs ??= this.core.timeMs + array.deadSessionTimeoutMs;
  }

  private nextTick(): void {
    this.core.schedule('io-tick', 'world', IO_INTERVAL_MS);
  }

  private tick(): void {
    this.nextTick();
    this.expireDeadSessions();
    for (const server of Object.values(this.core.state.servers)) {
      if (server.phase === 'os-running') {
        this.openSessions(server);
        this.write(server);
      }
    }
  }

  private expireDeadSessions(): void {
    for (const array of Object.values(this.core.state.arrays)) {
      const expired = Object.values(array.sessions).filter(
        (each) => (each.deadUntilMs ?? Infinity) <= this.core.timeMs,
      );
      if (expired.length === 0) continue;
      const device = { kind: 'array', name: array.name } as const;
      this.core.change(
        { kind: 'sessions-timed-out', device, actor: PHYSICS, detail: { count: expired.length } },
        () => {
          for (const session of expired) this.arrays.dropSession(array, session.id);
        },
      );
    }
  }

  private openSessions(server: ServerState): void {
    for (const path of this.pathsOf(server)) {
      const array = this.core.state.arrays[path.array];
      if (!array) continue;
      const key = `${path.initiator.name} ${path.target} ${path.volume} ${server.name}`;
      const known = Object.values(array.sessions).find((each) => sessionKey(each) === key);
      if (known && this.sessionAlive(array, known)) continue;
      this.openSession(server, array, path, known);
    }
  }

  private openSession(server: ServerState, array: ArrayState, path: VolumePath, replaced?: SessionState): void {
    const { initiator, target, volume, port } = path;
    const detail = { initiator: initiator.name, target, volume, server: server.name };
    const device = { kind: 'array', name: array.name } as const;
    this.core.change({ kind: 'session-opened', device, actor: PHYSICS, detail }, () => {
      if (replaced) this.arrays.dropSession(array, replaced.id);
      const id = `session_${array.nextId++}`;
      const openedMs = this.core.timeMs;
      array.sessions[id] = {
        id,
        initiator,
        target,
        volume,
        server: server.name,
        port,
        bootId: server.bootId,
        openedMs,
      };
    });
  }

  private write(server: ServerState): void {
    const written = new Set<string>();
    for (const array of Object.values(this.core.state.arrays)) {
      for (const session of Object.values(array.sessions)) {
        const key = `${array.name}/${session.volume}`;
        if (session.server !== server.name || written.has(key) || !this.sessionAlive(array, session)) continue;
        written.add(key);
        this.recordWrite(server, array, session);
      }
    }
  }

  private recordWrite(server: ServerState, array: ArrayState, session: SessionState): void {
    const detail = { volume: session.volume, server: server.name, initiator: session.initiator.name };
    const device = { kind: 'array', name: array.name } as const;
    this.core.change({ kind: 'write', device, actor: PHYSICS, detail, settles: false }, () => {
      const writes = (array.writes[session.volume] ??= { count: 0, lifetimes: [] });
      const at = { lastMs: this.core.timeMs, lastSequence: this.core.state.sequence + 1 };
      writes.count++;
      const mine = writes.lifetimes.find((each) => each.server === server.name && each.bootId === server.bootId);
      if (mine) Object.assign(mine, at, { count: mine.count + 1 });
      else {
        writes.lifetimes.push({
          server: server.name,
          boardSerial: server.serials.board,
          bootId: server.bootId,
          initiator: session.initiator.name,
          firstMs: at.lastMs,
          firstSequence: at.lastSequence,
          ...at,
          count: 1,
        });
        if (writes.lifetimes.length > LIFETIMES_MAX) writes.lifetimes.shift();
      }
    });
  }
}

/** True while a system is loaded and can hold sessions. */
export function runsSystem(server: ServerState): boolean {
  return ['os-boot', 'os-running', 'shutting-down', 'powering-off'].includes(server.phase);
}

/** The initiator a port would log in with; undefined when it has none. */
export function initiatorOf(port: AdapterPortState): InitiatorName | undefined {
  if (port.current.wwpn !== undefined) return { kind: 'fibre-channel', name: port.current.wwpn };
  if (port.current.iscsi) return { kind: 'iscsi', name: port.current.iscsi.initiator };
  return undefined;
}

function sessionKey(session: SessionState): string {
  return `${session.initiator.name} ${session.target} ${session.volume} ${session.server}`;
}
