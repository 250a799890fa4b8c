import { AppError } from '@rackwright/kernel';
import type { WorldCore } from './core.js';
import type {
  AdapterPortState,
  PersistencePolicy,
  PortIdentityChange,
  PortIdentityState,
  ServerState,
  Survives,
} from './model.js';

/** The identity burnt into a port, with nothing programmed. */
export function permanentIdentity(port: AdapterPortState): PortIdentityState {
  return { ...port.permanent, bootTargets: [] };
}

/** True when the port shows its own identity and no boot target. */
export function isClean(port: AdapterPortState): boolean {
  return JSON.stringify(sorted(port.current)) === JSON.stringify(sorted(permanentIdentity(port)));
}

/** The identity a port shows after `change`. */
export function withChange(current: PortIdentityState, change: PortIdentityChange): PortIdentityState {
  const { iscsi, ...rest } = change;
  const next: PortIdentityState = { ...current, ...rest };
  if (iscsi === null) delete next.iscsi;
  else if (iscsi !== undefined) next.iscsi = iscsi;
  return next;
}

/** What waits for a reset takes effect. With identity optimisation off a virtual address is accepted and never applied. */
export function applyPending(server: ServerState): void {
  for (const port of server.ports) {
    const { pending } = port;
    if (!pending) continue;
    const next = withChange(port.current, pending);
    if (!server.persistence.optimisation) Object.assign(next, port.permanent);
    port.current = next;
    delete port.pending;
  }
}

/** Programmed values that do not survive `loss` fall back to the permanent ones. */
export function loseVolatile(server: ServerState, loss: Survives): void {
  for (const port of server.ports) {
    const addresses = port.auxPowered ? server.persistence.auxPowered : server.persistence.nonAuxPowered;
    if (!addresses.includes(loss)) Object.assign(port.current, port.permanent);
    if (!server.persistence.initiator.includes(loss)) delete port.current.iscsi;
    if (!server.persistence.storageTarget.includes(loss)) port.current.bootTargets = [];
  }
}

/**
 * Identities in adapters. A write under management waits for the next reset (`stage`); some adapters take it live.
 * Whether a write was wise is for the checkers to say; physics takes it.
 */
export class IdentityPhysics {
  constructor(private readonly core: WorldCore) {}

  /** Adds to what waits for the next reset of one port. Throws `sim.no-such-port`. */
  stage(server: ServerState, portName: string, change: PortIdentityChange, actor: string): void {
    const port = portOf(server, portName);
    // What it would be after the next reset without this write: an identity whose clearing waits is cleared before any link comes up.
    const before = port.pending ? withChange(port.current, port.pending) : port.current;
    const detail = { port: portName, wanted: json(change), before: json(before), phase: server.phase };
    this.core.change({ kind: 'identity-staged', device: { kind: 'server', name: server.name }, actor, detail }, () => {
      port.pending = { ...port.pending, ...change };
    });
  }

  /** Drops what waits for the next reset of one port. */
  unstage(server: ServerState, portName: string, actor: string): void {
    const port = portOf(server, portName);
    if (!port.pending) return;
    const detail = { port: portName };
    this.core.change(
      { kind: 'identity-unstaged', device: { kind: 'server', name: server.name }, actor, detail },
      () => {
        delete port.pending;
      },
    );
  }

  /** Takes effect at once, as with an adapter that applies live. */
  program(server: ServerState, portName: string, change: PortIdentityChange, actor: string): void {
    const port = portOf(server, portName);
    const detail = { port: portName, wanted: json(change), before: json(port.current), phase: server.phase };
    this.core.change(
      { kind: 'identity-programmed', device: { kind: 'server', name: server.name }, actor, detail },
      () => {
        port.current = withChange(port.current, change);
      },
    );
  }

  setUuid(server: ServerState, uuid: string, actor: string): void {
    const detail = { uuid };
    this.core.change({ kind: 'uuid-set', device: { kind: 'server', name: server.name }, actor, detail }, () => {
      server.uuid = uuid;
    });
  }

  setPersistence(server: ServerState, change: Partial<PersistencePolicy>, actor: string): void {
    const device = { kind: 'server', name: server.name } as const;
    this.core.change({ kind: 'persistence-set', device, actor }, () => {
      server.persistence = { ...server.persistence, ...change };
    });
  }

  setPowerRestore(server: ServerState, policy: ServerState['powerRestore'], actor: string): void {
    const device = { kind: 'server', name: server.name } as const;
    this.core.change({ kind: 'power-restore-set', device, actor, detail: { policy } }, () => {
      server.powerRestore = policy;
    });
  }

  setBoot(server: ServerState, boot: Partial<ServerState['boot']>, actor: string): void {
    const device = { kind: 'server', name: server.name } as const;
    this.core.change({ kind: 'boot-set', device, actor, detail: json(boot) }, () => {
      Object.assign(server.boot, boot);
    });
  }

  setLocator(server: ServerState, on: boolean, actor: string): void {
    const device = { kind: 'bmc', name: server.name } as const;
    this.core.change({ kind: 'locator-set', device, actor, detail: { on } }, () => {
      server.locator = on;
    });
  }
}

function portOf(server: ServerState, name: string): AdapterPortState {
  const port = server.ports.find((each) => each.name === name);
  if (!port) throw new AppError('sim.no-such-port', `server ${server.name} has no adapter port ${name}`);
  return port;
}

function json(value: object): Record<string, never> {
  return JSON.parse(JSON.stringify(value)) as Record<string, never>;
}

function sorted(identity: PortIdentityState): unknown {
  const { mac, wwpn, wwnn, iscsi, bootTargets } = identity;
  return [mac, wwpn, wwnn, iscsi, bootTargets];
}
