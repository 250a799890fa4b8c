import type { WorldCore } from '../../world/core.js';
import { cableFrom } from '../../world/cabling.js';
import type { ArrayState, InitiatorName } from '../../world/model.js';
import type { ArrayPhysics, ArrayResult } from '../../world/storage.js';
import type {
  ArrayAction,
  ArrayBackend,
  ArrayHostChange,
  ArrayHostRow,
  ArrayInfo,
  ArrayInitiator,
  ArrayRefusalReason,
  ArraySessionRow,
  ArrayTargetRow,
  ArrayVolumeRow,
  PortType,
} from './array-backend.js';

/** The part of the world an array face needs. */
export interface ArrayWorld {
  readonly core: WorldCore;
  readonly arrays: ArrayPhysics;
}

const GIB = 1024 ** 3;

/** One storage array of the world. */
export class WorldArrayBackend implements ArrayBackend {
  constructor(
    private readonly world: ArrayWorld,
    private readonly arrayName: string,
    private readonly actor = 'powerstore',
  ) {}

  info(): ArrayInfo {
    const { name, serial } = this.state;
    return { name, serial };
  }

  volumes(): readonly ArrayVolumeRow[] {
    return Object.values(this.state.volumes).map((volume) => ({
      id: volume.id,
      name: volume.name,
      sizeBytes: volume.sizeGiB * GIB,
      wwn: volume.serial,
    }));
  }

  hosts(): readonly ArrayHostRow[] {
    const { hosts, volumes } = this.state;
    return Object.values(hosts).map((host) => ({
      id: host.id,
      name: host.name,
      osType: host.osType,
      initiators: host.initiators.map(toInitiator),
      mappings: host.mappings.map(({ volume, lun }) => ({ volumeId: volumes[volume]?.id ?? volume, lun })),
    }));
  }

  targets(): readonly ArrayTargetRow[] {
    const { state } = this.world.core;
    return this.state.targets.map((target) => {
      const cable = cableFrom(state, this.arrayName, target.id);
      return {
        id: target.id,
        portType: portTypeOf(target.kind),
        name: target.name,
        ...(target.wwnn === undefined ? {} : { wwnn: target.wwnn }),
        ...(target.portal === undefined ? {} : { portal: target.portal }),
        linkUp: cable !== undefined && !cable.broken,
      };
    });
  }

  /** Logins, one per initiator and target: the world keeps a session per volume behind each. */
  sessions(): readonly ArraySessionRow[] {
    const rows = new Map<string, ArraySessionRow>();
    for (const session of this.world.arrays.sessions(this.arrayName)) {
      const target = this.state.targets.find((each) => each.name === session.target);
      const targetId = target?.id ?? session.target;
      rows.set(`${session.initiator.name} ${targetId}`, { initiator: toInitiator(session.initiator), targetId });
    }
    return [...rows.values()];
  }

  createHost(want: {
    name: string;
    osType: string;
    initiators: readonly ArrayInitiator[];
  }): { id: string } | ArrayRefusalReason {
    const initiators = want.initiators.map(toName);
    const made = this.world.arrays.createHost(this.arrayName, { ...want, initiators }, this.actor);
    return made.ok ? { id: made.value.id } : made.why;
  }

  changeHost(hostId: string, change: ArrayHostChange): ArrayRefusalReason | undefined {
    const { arrays } = this.world;
    switch (change.kind) {
      case 'rename':
        return why(arrays.renameHost(this.arrayName, hostId, change.name, this.actor));
      case 'add-initiators':
        return why(arrays.addInitiators(this.arrayName, hostId, change.initiators.map(toName), this.actor));
      case 'remove-initiators':
        return why(arrays.removeInitiators(this.arrayName, hostId, change.portNames, this.actor));
    }
  }

  apply(action: ArrayAction): ArrayRefusalReason | undefined {
    const { arrays } = this.world;
    if (action.kind === 'delete-host') return why(arrays.deleteHost(this.arrayName, action.hostId, this.actor));
    const volume = arrays.volumeById(this.state, action.volumeId)?.name;
    if (volume === undefined) return 'no-such-volume';
    if (action.kind === 'detach') return why(arrays.unmap(this.arrayName, action.hostId, volume, this.actor));
    const lun = action.lun === undefined ? {} : { lun: action.lun };
    return why(arrays.map(this.arrayName, action.hostId, { volume, ...lun }, this.actor));
  }

  private get state(): ArrayState {
    return this.world.arrays.array(this.arrayName);
  }
}

function why(result: ArrayResult<unknown>): ArrayRefusalReason | undefined {
  return result.ok ? undefined : result.why;
}

function portTypeOf(kind: InitiatorName['kind']): PortType {
  return kind === 'fibre-channel' ? 'FC' : 'iSCSI';
}

function toInitiator(initiator: InitiatorName): ArrayInitiator {
  return { portName: initiator.name, portType: portTypeOf(initiator.kind) };
}

function toName(initiator: ArrayInitiator): InitiatorName {
  return { kind: initiator.portType === 'FC' ? 'fibre-channel' : 'iscsi', name: initiator.portName };
}
