import { AppError } from '@rackwright/kernel';
import type { WorldCore } from './core.js';
import type { ArrayHostState, ArrayState, InitiatorName, MappingState, SessionState, VolumeState } from './model.js';

/** Why an array refused; a face puts it into its vendor's words. */
export type ArrayRefusal =
  | 'no-such-host'
  | 'no-such-volume'
  | 'name-in-use'
  | 'initiator-in-use'
  | 'no-such-initiator'
  | 'lun-in-use'
  | 'already-mapped'
  | 'not-mapped'
  | 'host-has-mappings'
  | 'volume-is-mapped';
export type ArrayResult<T = undefined> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: ArrayRefusal };

const LUN_MAX = 255;

/**
 * Storage arrays: host objects with initiators, mappings with LUN ids, sessions and writes. Masking decides who may open
 * a session; an open one goes on through an unmap until it is ended, as real arrays do.
 */
export class ArrayPhysics {
  constructor(private readonly core: WorldCore) {}

  /** Throws `sim.no-such-device`. */
  array(name: string): ArrayState {
    const found = this.core.state.arrays[name];
    if (!found) throw new AppError('sim.no-such-device', `there is no array ${name}`);
    return found;
  }

  volumeById(array: ArrayState, id: string): VolumeState | undefined {
    return Object.values(array.volumes).find((volume) => volume.id === id);
  }

  hostOf(array: ArrayState, initiator: InitiatorName): ArrayHostState | undefined {
    return Object.values(array.hosts).find((host) => host.initiators.some((each) => sameInitiator(each, initiator)));
  }

  /** Creates a host object; an initiator belongs to at most one host of an array. */
  createHost(
    arrayName: string,
    want: { name: string; osType?: string; initiators: readonly InitiatorName[] },
    actor: string,
  ): ArrayResult<ArrayHostState> {
    const array = this.array(arrayName);
    if (Object.values(array.hosts).some((host) => host.name === want.name)) return { ok: false, why: 'name-in-use' };
    if (want.initiators.some((each) => this.hostOf(array, each))) return { ok: false, why: 'initiator-in-use' };
    const host = this.change({ array: arrayName, kind: 'host-created', actor, detail: { host: want.name } }, () => {
      const id = `host_${array.nextId++}`;
      const created: ArrayHostState = {
        id,
        name: want.name,
        osType: want.osType ?? 'Linux',
        initiators: [...want.initiators],
        mappings: [],
        extra: {},
      };
      array.hosts[id] = created;
      return created;
    });
    return { ok: true, value: host };
  }

  renameHost(arrayName: string, hostId: string, name: string, actor: string): ArrayResult {
    const array = this.array(arrayName);
    const host = array.hosts[hostId];
    if (!host) return { ok: false, why: 'no-such-host' };
    if (Object.values(array.hosts).some((each) => each.id !== hostId && each.name === name)) {
      return { ok: false, why: 'name-in-use' };
    }
    this.change({ array: arrayName, kind: 'host-renamed', actor, detail: { host: host.name, name } }, () => {
      host.name = name;
    });
    return { ok: true, value: undefined };
  }

  deleteHost(arrayName: string, hostId: string, actor: string): ArrayResult {
    const array = this.array(arrayName);
    const host = array.hosts[hostId];
    if (!host) return { ok: false, why: 'no-such-host' };
    if (host.mappings.length > 0) return { ok: false, why: 'host-has-mappings' };
    this.change({ array: arrayName, kind: 'host-deleted', actor, detail: { host: host.name } }, () => {
      delete array.hosts[hostId];
    });
    return { ok: true, value: undefined };
  }

  addInitiators(arrayName: string, hostId: string, initiators: readonly InitiatorName[], actor: string): ArrayResult {
    const array = this.array(arrayName);
    const host = array.hosts[hostId];
    if (!host) return { ok: false, why: 'no-such-host' };
    if (initiators.some((each) => this.hostOf(array, each))) return { ok: false, why: 'initiator-in-use' };
    const detail = { host: host.name, initiators: initiators.map((each) => each.name) };
    this.change({ array: arrayName, kind: 'initiators-added', actor, detail }, () => {
      host.initiators = [...host.initiators, ...initiators];
    });
    return { ok: true, value: undefined };
  }

  removeInitiators(arrayName: string, hostId: string, names: readonly string[], actor: string): ArrayResult {
    const host = this.array(arrayName).hosts[hostId];
    if (!host) return { ok: false, why: 'no-such-host' };
    if (names.some((name) => !host.initiators.some((each) => each.name === name))) {
      return { ok: false, why: 'no-such-initiator' };
    }
    this.change(
      { array: arrayName, kind: 'initiators-removed', actor, detail: { host: host.name, initiators: [...names] } },
      () => {
        host.initiators = host.initiators.filter((each) => !names.includes(each.name));
      },
    );
    return { ok: true, value: undefined };
  }

  /** Maps a volume; without a LUN id the lowest free one of the host is taken. */
  map(
    arrayName: string,
    hostId: string,
    want: { volume: string; lun?: number },
    actor: string,
  ): ArrayResult<MappingState> {
    const array = this.array(arrayName);
    const host = array.hosts[hostId];
    if (!host) return { ok: false, why: 'no-such-host' };
    if (!array.volumes[want.volume]) return { ok: false, why: 'no-such-volume' };
    if (host.mappings.some((each) => each.volume === want.volume)) return { ok: false, why: 'already-mapped' };
    const lun = want.lun ?? lowestFreeLun(host);
    if (host.mappings.some((each) => each.lun === lun)) return { ok: false, why: 'lun-in-use' };
    const mapping = { volume: want.volume, lun };
    this.change({ array: arrayName, kind: 'mapped', actor, detail: { host: host.name, ...mapping } }, () => {
      host.mappings = [...host.mappings, mapping];
    });
    return { ok: true, value: mapping };
  }

  unmap(arrayName: string, hostId: string, volume: string, actor: string): ArrayResult {
    const host = this.array(arrayName).hosts[hostId];
    if (!host) return { ok: false, why: 'no-such-host' };
    if (!host.mappings.some((each) => each.volume === volume)) return { ok: false, why: 'not-mapped' };
    this.change({ array: arrayName, kind: 'unmapped', actor, detail: { host: host.name, volume } }, () => {
      host.mappings = host.mappings.filter((each) => each.volume !== volume);
    });
    return { ok: true, value: undefined };
  }

  createVolume(arrayName: string, volume: VolumeState, actor: string): ArrayResult {
    const array = this.array(arrayName);
    if (array.volumes[volume.name]) return { ok: false, why: 'name-in-use' };
    this.change({ array: arrayName, kind: 'volume-created', actor, detail: { volume: volume.name } }, () => {
      array.volumes[volume.name] = volume;
    });
    return { ok: true, value: undefined };
  }

  deleteVolume(arrayName: string, name: string, actor: string): ArrayResult {
    const array = this.array(arrayName);
    if (!array.volumes[name]) return { ok: false, why: 'no-such-volume' };
    const mapped = Object.values(array.hosts).some((host) => host.mappings.some((each) => each.volume === name));
    if (mapped) return { ok: false, why: 'volume-is-mapped' };
    this.change({ array: arrayName, kind: 'volume-deleted', actor, detail: { volume: name } }, () => {
      delete array.volumes[name];
    });
    return { ok: true, value: undefined };
  }

  /** Sessions of an initiator (or all), live and dead, as the array lists them. */
  sessions(arrayName: string, initiator?: string): readonly SessionState[] {
    const all = Object.values(this.array(arrayName).sessions);
    return initiator === undefined ? all : all.filter((session) => session.initiator.name === initiator);
  }

  /** Ends all sessions of an initiator. A server that is still masked opens new ones at once. Returns how many ended. */
  endSessions(arrayName: string, initiator: string, actor: string): number {
    const array = this.array(arrayName);
    const ending = this.sessions(arrayName, initiator);
    this.change(
      { array: arrayName, kind: 'sessions-ended', actor, detail: { initiator, count: ending.length } },
      () => {
        for (const session of ending) delete array.sessions[session.id];
      },
    );
    return ending.length;
  }

  /** Forgets one session without an event of its own: physics (logout, link loss) and the io engine use it. */
  dropSession(array: ArrayState, id: string): void {
    delete array.sessions[id];
  }

  private change<T>(what: ArrayChange, mutate: () => T): T {
    const { array, kind, actor, detail } = what;
    return this.core.change({ kind, device: { kind: 'array', name: array }, actor, detail }, mutate);
  }
}

interface ArrayChange {
  readonly array: string;
  readonly kind: string;
  readonly actor: string;
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
}

export function sameInitiator(one: InitiatorName, other: InitiatorName): boolean {
  return one.kind === other.kind && one.name === other.name;
}

function lowestFreeLun(host: ArrayHostState): number {
  for (let lun = 0; lun <= LUN_MAX; lun++) if (!host.mappings.some((each) => each.lun === lun)) return lun;
  return LUN_MAX + 1;
}
