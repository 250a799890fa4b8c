import type { CableState, SwitchPortConfig, WorldState } from './model.js';

interface CableIndex {
  readonly from: ReadonlyMap<string, CableState>;
  readonly to: ReadonlyMap<string, CableState>;
}

/** Cables are laid once, when the site is built, so each list is indexed once. */
const indexes = new WeakMap<readonly CableState[], CableIndex>();

function indexOf(state: WorldState): CableIndex {
  const known = indexes.get(state.cables);
  if (known) return known;
  const key = (end: { readonly device: string; readonly port: string }): string => `${end.device} ${end.port}`;
  const made = {
    from: new Map(state.cables.map((cable) => [key(cable.from), cable])),
    to: new Map(state.cables.map((cable) => [key(cable.to), cable])),
  };
  indexes.set(state.cables, made);
  return made;
}

/** The cable at a server or array port, if there is one. */
export function cableFrom(state: WorldState, device: string, port: string): CableState | undefined {
  return indexOf(state).from.get(`${device} ${port}`);
}

/** The cable at a switch port, if there is one. */
export function cableTo(state: WorldState, device: string, port: string): CableState | undefined {
  return indexOf(state).to.get(`${device} ${port}`);
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

/** The VLANs of a port, ascending; an empty object is a port with no untagged traffic. */
export function vlansOf(config: SwitchPortConfig): { readonly native?: number; readonly tagged: readonly number[] } {
  const tagged = [...config.tagged].sort((one, other) => one - other);
  return config.native === undefined ? { tagged } : { native: config.native, tagged };
}
