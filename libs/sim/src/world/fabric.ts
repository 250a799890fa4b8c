import { createHash } from 'node:crypto';
import { AppError } from '@rackwright/kernel';
import { cableTo } from './cabling.js';
import type { WorldCore } from './core.js';
import { PHYSICS } from './events.js';
import type { FabricLoginState, FabricState, FcSwitchState, ZoneDefinition, ZoningDatabase } from './model.js';

/** Why a zoning call was refused; a face puts it into its vendor's words. */
export type ZoningRefusal =
  | 'locked-by-other'
  | 'no-transaction'
  | 'checksum-mismatch'
  | 'no-such-configuration'
  | 'no-such-zone'
  | 'no-such-alias'
  | 'empty-zone';
export type ZoningResult =
  { readonly ok: true } | { readonly ok: false; readonly why: ZoningRefusal; readonly name?: string };

export interface ZoningSave {
  readonly checksum: string;
  /** Configuration to enable; absent = save only (an enabled configuration keeps its old effective zones). */
  readonly enable?: string;
  readonly disable?: boolean;
}

const TRANSACTION_TIMEOUT_MS = 300_000;

/**
 * Fibre Channel fabrics: switch ports, logins computed from what is plugged in and under power, and the zoning database
 * with one open transaction per fabric, shared by all its switches. Effective zones are enforced by hardware: a path
 * that leaves them carries no frame any more.
 */
export class FabricPhysics {
  constructor(private readonly core: WorldCore) {
    core.onSettle(() => Object.values(core.state.fabrics).forEach((fabric) => this.recompute(fabric)));
    core.onTimer('zoning-expiry', (timer) => this.expire(timer.target, Number(timer.data)));
  }

  /** Throws `sim.no-such-device`. */
  fabric(name: string): FabricState {
    const found = this.core.state.fabrics[name];
    if (!found) throw new AppError('sim.no-such-device', `there is no fabric ${name}`);
    return found;
  }

  /** The fabric a Fibre Channel switch belongs to, and the switch. */
  fcSwitch(name: string): { fabric: FabricState; fcSwitch: FcSwitchState } {
    for (const fabric of Object.values(this.core.state.fabrics)) {
      const fcSwitch = fabric.switches[name];
      if (fcSwitch) return { fabric, fcSwitch };
    }
    throw new AppError('sim.no-such-device', `there is no Fibre Channel switch ${name}`);
  }

  /** Enables or disables a port; `persistent` survives a restart of the switch. Throws `sim.no-such-port`. */
  setPort(fcSwitch: string, port: string, want: { enabled: boolean; persistent: boolean }, actor: string): void {
    const state = this.fcSwitch(fcSwitch).fcSwitch.ports[port];
    if (!state) throw new AppError('sim.no-such-port', `${fcSwitch} has no port ${port}`);
    const detail = { port, ...want };
    this.core.change({ kind: 'san-port', device: { kind: 'fc-switch', name: fcSwitch }, actor, detail }, () => {
      state.enabled = want.enabled;
      if (want.persistent) state.persistentDisabled = !want.enabled;
    });
  }

  /** Restarts a switch at once: ports that were not disabled persistently are enabled again. */
  restartSwitch(fcSwitch: string, actor: string): void {
    const state = this.fcSwitch(fcSwitch).fcSwitch;
    this.core.change({ kind: 'switch-restarted', device: { kind: 'fc-switch', name: fcSwitch }, actor }, () => {
      for (const port of Object.values(state.ports)) port.enabled = !port.persistentDisabled;
    });
  }

  /** Runs `edit` on the staged database, opening the transaction when there is none. Nothing takes effect before the save. */
  stage(fabricName: string, owner: string, edit: (draft: ZoningDatabase) => void): ZoningResult {
    const fabric = this.fabric(fabricName);
    if (fabric.transaction && fabric.transaction.owner !== owner) return { ok: false, why: 'locked-by-other' };
    const draft = structuredClone(fabric.transaction?.staged ?? fabric.defined);
    edit(draft);
    const device = { kind: 'fabric', name: fabricName } as const;
    this.core.change({ kind: 'zoning-staged', device, actor: owner }, () => {
      fabric.transaction ??= this.openTransaction(fabric, owner);
      fabric.transaction.staged = draft;
      this.keepAlive(fabric);
    });
    return { ok: true };
  }

  /** Commits what is staged (or only re-enables, when nothing is) if the checksum is the current one. */
  save(fabricName: string, owner: string, save: ZoningSave): ZoningResult {
    const fabric = this.fabric(fabricName);
    if (fabric.transaction && fabric.transaction.owner !== owner) return { ok: false, why: 'locked-by-other' };
    if (save.checksum !== fabric.checksum) return { ok: false, why: 'checksum-mismatch' };
    if (!fabric.transaction && save.enable === undefined && !save.disable) return { ok: false, why: 'no-transaction' };
    const database = fabric.transaction?.staged ?? fabric.defined;
    const enabled = save.enable === undefined ? undefined : resolveConfiguration(database, save.enable);
    const fault = findBrokenReference(database);
    if (fault) return fault;
    if (enabled && !enabled.ok) return enabled.refusal;
    const device = { kind: 'fabric', name: fabricName } as const;
    const detail = { enable: save.enable, disable: save.disable };
    this.core.change({ kind: 'zoning-committed', device, actor: owner, detail }, () => {
      fabric.defined = structuredClone(database);
      if (save.disable) this.disable(fabric);
      if (enabled?.ok && save.enable !== undefined) {
        fabric.effective = enabled.zones;
        fabric.effectiveName = save.enable;
      }
      this.endTransaction(fabric);
      fabric.checksum = checksumOf(fabric);
    });
    return { ok: true };
  }

  /** Throws away what is staged, whoever staged it when `force` is set. */
  abort(fabricName: string, owner: string, force = false): ZoningResult {
    const fabric = this.fabric(fabricName);
    if (!fabric.transaction) return { ok: false, why: 'no-transaction' };
    if (fabric.transaction.owner !== owner && !force) return { ok: false, why: 'locked-by-other' };
    const device = { kind: 'fabric', name: fabricName } as const;
    this.core.change({ kind: 'zoning-aborted', device, actor: owner }, () => this.endTransaction(fabric));
    return { ok: true };
  }

  /** Clears the defined database (`cfg-action` 3); staged like every edit. */
  clear(fabricName: string, owner: string): ZoningResult {
    return this.stage(fabricName, owner, (draft) => {
      draft.configurations = {};
      draft.zones = {};
      draft.aliases = {};
    });
  }

  setDefaultZone(fabricName: string, open: boolean, actor: string): void {
    const fabric = this.fabric(fabricName);
    this.core.change(
      { kind: 'default-zone', device: { kind: 'fabric', name: fabricName }, actor, detail: { open } },
      () => {
        fabric.defaultZoneOpen = open;
        fabric.checksum = checksumOf(fabric);
      },
    );
  }

  /** True when the effective zoning lets these two WWPNs talk. */
  zoned(fabric: FabricState, initiator: string, target: string): boolean {
    if (fabric.effectiveName === undefined) return fabric.defaultZoneOpen;
    return Object.values(fabric.effective).some((zone) => allows(zone, initiator, target));
  }

  private recompute(fabric: FabricState): void {
    const before = new Map(fabric.logins.map((login) => [loginKey(login), login]));
    const now: FabricLoginState[] = [];
    for (const fcSwitch of Object.values(fabric.switches)) {
      Object.values(fcSwitch.ports).forEach((port, index) => {
        if (!port.enabled) return;
        const login = this.loginAt(fcSwitch, port.name, index);
        if (login) now.push(before.get(loginKey(login)) ?? login);
      });
    }
    fabric.logins = now;
  }

  private loginAt(fcSwitch: FcSwitchState, port: string, index: number): FabricLoginState | undefined {
    const cable = cableTo(this.core.state, fcSwitch.name, port);
    if (!cable || cable.broken) return undefined;
    const base = {
      fcSwitch: fcSwitch.name,
      port,
      fcid: `0x${fcSwitch.domainId.toString(16).padStart(2, '0')}${index.toString(16).padStart(2, '0')}00`,
      holder: { kind: cable.from.kind, name: cable.from.device, port: cable.from.port },
      sinceMs: this.core.timeMs,
    };
    if (cable.from.kind === 'array') {
      const target = this.core.state.arrays[cable.from.device]?.targets.find((each) => each.id === cable.from.port);
      if (!target) return undefined;
      return { ...base, wwpn: target.name, wwnn: target.wwnn ?? target.name, permanentWwpn: target.name };
    }
    const server = this.core.state.servers[cable.from.device];
    // The HBA's firmware logs in once it has power and has run its own start.
    if (!server || server.phase === 'off' || server.phase === 'powering-on') return undefined;
    const found = server.ports.find((each) => each.name === cable.from.port);
    if (!found?.current.wwpn) return undefined;
    const { wwpn, wwnn } = found.current;
    return { ...base, wwpn, wwnn: wwnn ?? wwpn, permanentWwpn: found.permanent.wwpn ?? wwpn };
  }

  private openTransaction(fabric: FabricState, owner: string): NonNullable<FabricState['transaction']> {
    fabric.lastToken++;
    const openedMs = this.core.timeMs;
    const staged = fabric.defined;
    return { owner, token: fabric.lastToken, openedMs, expiresMs: openedMs + TRANSACTION_TIMEOUT_MS, staged };
  }

  private keepAlive(fabric: FabricState): void {
    if (!fabric.transaction) return;
    fabric.transaction.expiresMs = this.core.timeMs + TRANSACTION_TIMEOUT_MS;
    this.core.unschedule('zoning-expiry', fabric.name);
    this.core.schedule('zoning-expiry', fabric.name, TRANSACTION_TIMEOUT_MS, fabric.transaction.token);
  }

  private expire(fabricName: string, token: number): void {
    if (this.fabric(fabricName).transaction?.token === token) this.abort(fabricName, PHYSICS, true);
  }

  private endTransaction(fabric: FabricState): void {
    this.core.unschedule('zoning-expiry', fabric.name);
    delete fabric.transaction;
  }

  private disable(fabric: FabricState): void {
    fabric.effective = {};
    delete fabric.effectiveName;
  }
}

/** MD5 over the database and what is enabled of it, as FOS shows: 32 hex digits. */
export function checksumOf(
  fabric: Pick<FabricState, 'defined' | 'effective' | 'effectiveName' | 'defaultZoneOpen'>,
): string {
  const text = JSON.stringify([fabric.defined, fabric.effective, fabric.effectiveName ?? '', fabric.defaultZoneOpen]);
  return createHash('md5').update(text).digest('hex');
}

function loginKey(login: FabricLoginState): string {
  return `${login.fcSwitch} ${login.port} ${login.wwpn}`;
}

function allows(zone: ZoneDefinition, initiator: string, target: string): boolean {
  if (zone.type === 'zone') return zone.members.includes(initiator) && zone.members.includes(target);
  // In a peer zone members talk to principals only, never to each other.
  const crosses = (one: string, other: string): boolean =>
    zone.members.includes(one) && zone.principals.includes(other);
  return crosses(initiator, target) || crosses(target, initiator);
}

type Resolved =
  | { readonly ok: true; readonly zones: Record<string, ZoneDefinition> }
  | { readonly ok: false; readonly refusal: ZoningResult & { ok: false } };

function resolveConfiguration(database: ZoningDatabase, name: string): Resolved {
  const zoneNames = database.configurations[name];
  if (!zoneNames) return { ok: false, refusal: { ok: false, why: 'no-such-configuration', name } };
  const zones: Record<string, ZoneDefinition> = {};
  for (const zoneName of zoneNames) {
    const zone = database.zones[zoneName];
    if (!zone) return { ok: false, refusal: { ok: false, why: 'no-such-zone', name: zoneName } };
    const members = zone.members.flatMap((member) => database.aliases[member] ?? [member]);
    const principals = zone.principals.flatMap((member) => database.aliases[member] ?? [member]);
    if (members.length === 0) return { ok: false, refusal: { ok: false, why: 'empty-zone', name: zoneName } };
    zones[zoneName] = { type: zone.type, members, principals };
  }
  return { ok: true, zones };
}

/** The first configuration entry or zone member that names nothing; such a database cannot be saved. */
function findBrokenReference(database: ZoningDatabase): (ZoningResult & { ok: false }) | undefined {
  for (const zones of Object.values(database.configurations)) {
    const missing = zones.find((zone) => !database.zones[zone]);
    if (missing !== undefined) return { ok: false, why: 'no-such-zone', name: missing };
  }
  for (const zone of Object.values(database.zones)) {
    const missing = [...zone.members, ...zone.principals].find(
      (each) => !each.includes(':') && !database.aliases[each],
    );
    if (missing !== undefined) return { ok: false, why: 'no-such-alias', name: missing };
  }
  return undefined;
}
