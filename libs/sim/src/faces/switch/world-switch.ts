import type { WorldCore } from '../../world/core.js';
import type { SwitchPortConfig, SwitchState } from '../../world/model.js';
import type { NetworkPhysics, SwitchPortChange } from '../../world/network.js';
import type { OvsPortConfig, SwitchBackend, SwitchPortRow, WantedPort } from './switch-backend.js';

/** The part of the world a switch face needs. */
export interface SwitchWorld {
  readonly core: WorldCore;
  readonly network: NetworkPhysics;
}

const ACTOR = 'ovsdb';
const KEPT = 'ovsdb';

/** One Ethernet switch of the world. */
export class WorldSwitchBackend implements SwitchBackend {
  constructor(
    private readonly world: SwitchWorld,
    private readonly switchName: string,
  ) {}

  ports(): readonly SwitchPortRow[] {
    return Object.values(this.state.ports).map((port) => ({
      name: port.name,
      config: toOvs(port.config),
      adminUp: port.config.adminUp,
      linkUp: this.world.network.linkUp(this.switchName, port.name),
    }));
  }

  configure(changes: Readonly<Record<string, WantedPort>>): number {
    const { ports } = this.state;
    const known = Object.entries(changes).filter(([name]) => ports[name] !== undefined);
    if (known.length === 0) return this.world.network.bump(this.state);
    const wanted = known.map(([name, want]): [string, SwitchPortChange] => [name, toWorld(want)]);
    return this.world.network.configure(this.switchName, Object.fromEntries(wanted), ACTOR);
  }

  applied(): number {
    return this.state.curCfg;
  }

  observe(listener: (foreignPorts: readonly string[]) => void): () => void {
    return this.world.core.observe(({ device, kind, actor, detail }) => {
      if (device.kind !== 'switch' || device.name !== this.switchName) return;
      if (kind === 'port-applied') listener([]);
      else if (kind === 'port-config' && actor !== ACTOR) listener((detail?.['ports'] ?? []) as readonly string[]);
    });
  }

  load(): string | undefined {
    const kept = this.state.extra[KEPT];
    return typeof kept === 'string' ? kept : undefined;
  }

  store(database: string): void {
    this.state.extra[KEPT] = database;
  }

  private get state(): SwitchState {
    return this.world.network.switch(this.switchName);
  }
}

/** What frames do under these columns: an unset mode is access with a tag, trunk without; empty trunks carry everything. */
export function toWorld(want: WantedPort): SwitchPortChange {
  if (!want) return { adminUp: false };
  const { tag, trunks } = want;
  const mode = want.vlanMode ?? (tag === undefined ? 'trunk' : 'access');
  const base = { adminUp: true, protected: want.protected };
  if (mode === 'access' || mode === 'dot1q-tunnel') {
    return { ...base, native: tag ?? 0, tagged: [], carriesEverything: false };
  }
  const carriesEverything = trunks.length === 0;
  if (mode === 'trunk') return { ...base, native: null, tagged: trunks, carriesEverything };
  const native = tag ?? 0;
  const tagged = mode === 'native-tagged' ? trunks : trunks.filter((vlan) => vlan !== native);
  return { ...base, native, tagged, carriesEverything };
}

/** The columns that say the same as a configuration of the world. */
export function toOvs(config: SwitchPortConfig): OvsPortConfig {
  const { native, tagged, carriesEverything } = config;
  const trunks = carriesEverything ? [] : [...tagged];
  const base = { protected: config.protected };
  if (native === undefined) return { ...base, trunks, ...(carriesEverything ? {} : { vlanMode: 'trunk' }) };
  if (tagged.length === 0 && !carriesEverything) return { ...base, tag: native, trunks: [], vlanMode: 'access' };
  return { ...base, tag: native, trunks, vlanMode: 'native-untagged' };
}
