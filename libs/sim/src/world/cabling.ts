import type { CableState, SwitchPortConfig, WorldState } from './model.js';

/** The cable at a server or array port, if there is one. */
export function cableFrom(state: WorldState, device: string, port: string): CableState | undefined {
  return state.cables.find((cable) => cable.from.device === device && cable.from.port === port);
}

/** The cable at a switch port, if there is one. */
export function cableTo(state: WorldState, device: string, port: string): CableState | undefined {
  return state.cables.find((cable) => cable.to.device === device && cable.to.port === port);
}

/**
 * True when no frame passes: admin-down, or `protected` with nothing but the parking VLAN. A parking VLAN alone is a
 * resting place: its members still reach each other.
 */
export function isClosed(config: SwitchPortConfig, parkingVlan: number): boolean {
  if (!config.adminUp) return true;
  const parked = config.native === parkingVlan && config.tagged.length === 0 && !config.carriesEverything;
  return parked && config.protected;
}

/** True when frames of this VLAN pass through a port so configured. */
export function carries(config: SwitchPortConfig, vlan: number): boolean {
  if (!config.adminUp) return false;
  return config.carriesEverything || config.native === vlan || config.tagged.includes(vlan);
}
