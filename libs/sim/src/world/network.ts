import { AppError } from '@rackwright/kernel';
import { cableTo, isClosed } from './cabling.js';
import type { WorldCore } from './core.js';
import { PHYSICS } from './events.js';
import type { SwitchPortConfig, SwitchPortState, SwitchState } from './model.js';

/** A partial change of one port; `native: null` removes the untagged VLAN. */
export type SwitchPortChange = Partial<Omit<SwitchPortConfig, 'native'>> & { readonly native?: number | null };

/**
 * Ethernet switches. The database (`config`) and the data plane (`applied`) are two things: `nextCfg` counts changes of
 * the first, `curCfg` follows when the second has caught up. All switches of a site are one layer-2 domain (their
 * uplinks carry every VLAN), so a VLAN is the same everywhere.
 */
export class NetworkPhysics {
  constructor(private readonly core: WorldCore) {
    core.onTimer('switch-apply', (timer) => this.apply(timer.target, Number(timer.data)));
  }

  /** Throws `sim.no-such-device`. */
  switch(name: string): SwitchState {
    const found = this.core.state.switches[name];
    if (!found) throw new AppError('sim.no-such-device', `there is no switch ${name}`);
    return found;
  }

  port(switchName: string, port: string): SwitchPortState | undefined {
    return this.switch(switchName).ports[port];
  }

  /**
   * Changes the database of a switch in one transaction and returns the new `nextCfg`; the data plane follows after the
   * switch's delay. Several ports in one call are applied together. Throws `sim.no-such-port` with nothing changed.
   */
  configure(switchName: string, changes: Readonly<Record<string, SwitchPortChange>>, actor: string): number {
    const target = this.switch(switchName);
    for (const port of Object.keys(changes)) {
      if (!target.ports[port]) throw new AppError('sim.no-such-port', `switch ${switchName} has no port ${port}`);
    }
    const detail = { ports: Object.keys(changes) };
    return this.core.change(
      { kind: 'port-config', device: { kind: 'switch', name: switchName }, actor, detail },
      () => {
        for (const [port, change] of Object.entries(changes)) {
          const state = target.ports[port];
          if (state) state.config = merged(state.config, change);
        }
        return this.bump(target);
      },
    );
  }

  /** Raises `nextCfg` without changing a port (Open vSwitch clients do that to wait for the data plane). */
  bump(target: SwitchState): number {
    target.nextCfg++;
    if (target.applyDelayMs <= 0) this.applyNow(target, target.nextCfg);
    else this.core.schedule('switch-apply', target.name, target.applyDelayMs, target.nextCfg);
    return target.nextCfg;
  }

  /** True when a link is there: the cable whole, the port up, the machine at the other end under power. */
  linkUp(switchName: string, port: string): boolean {
    const state = this.port(switchName, port);
    const cable = cableTo(this.core.state, switchName, port);
    if (!state?.applied.adminUp || !cable || cable.broken) return false;
    return cable.from.kind === 'array' || this.core.state.servers[cable.from.device]?.phase !== 'off';
  }

  /** MAC addresses the switch has learnt at a port: those of a powered server behind an open port. */
  learnt(switchName: string, port: string): readonly string[] {
    const target = this.switch(switchName);
    const state = target.ports[port];
    const cable = cableTo(this.core.state, switchName, port);
    if (!state || !cable || !this.linkUp(switchName, port) || isClosed(state.applied, target.parkingVlan)) return [];
    const server = this.core.state.servers[cable.from.device];
    const mac = server?.ports.find((each) => each.name === cable.from.port)?.current.mac;
    return mac === undefined ? [] : [mac];
  }

  private apply(switchName: string, cfg: number): void {
    const target = this.switch(switchName);
    this.core.change(
      { kind: 'port-applied', device: { kind: 'switch', name: switchName }, actor: PHYSICS, detail: { cfg } },
      () => this.applyNow(target, cfg),
    );
  }

  private applyNow(target: SwitchState, cfg: number): void {
    for (const port of Object.values(target.ports)) port.applied = { ...port.config, tagged: [...port.config.tagged] };
    target.curCfg = Math.max(target.curCfg, cfg);
  }
}

function merged(config: SwitchPortConfig, change: SwitchPortChange): SwitchPortConfig {
  const { native, ...rest } = change;
  const next: SwitchPortConfig = { ...config, ...rest };
  if (native === null) delete next.native;
  else if (native !== undefined) next.native = native;
  return next;
}
