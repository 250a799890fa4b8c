import type { RandomSource } from '@rackwright/kernel';
import type { AdapterPortState, RedfishFlavour, ServerModel, ServerState, World } from '../../world/index.js';
import { RedfishSessions } from './redfish-sessions.js';
import { RedfishTasks } from './redfish-tasks.js';

/** Ids as each vendor names them; nobody may hard-code one. */
const IDS: Readonly<Record<RedfishFlavour, { system: string; chassis: string; manager: string }>> = {
  dell: { system: 'System.Embedded.1', chassis: 'System.Embedded.1', manager: 'iDRAC.Embedded.1' },
  hpe: { system: '1', chassis: '1', manager: '1' },
  generic: { system: '437XR1138R2', chassis: '1U', manager: 'BMC' },
  openbmc: { system: 'system', chassis: 'chassis', manager: 'bmc' },
};

export const ROOT = '/redfish/v1';

export interface BmcOptions {
  readonly world: World;
  readonly server: string;
  readonly credential: { readonly username: string; readonly password: string };
  /** For tokens: not from the world, whose draws must stay repeatable. */
  readonly random: RandomSource;
  /** PATCH without If-Match is 428. Default false. */
  readonly requireIfMatch?: boolean;
}

/** One BMC: the server it sits in, its own sessions and tasks, and the paths of its tree. */
export class Bmc {
  readonly sessions: RedfishSessions;
  readonly tasks: RedfishTasks;
  readonly subscriptions = new Map<string, Readonly<Record<string, unknown>>>();
  readonly systemPath: string;
  readonly chassisPath: string;
  readonly managerPath: string;
  readonly ids: (typeof IDS)[RedfishFlavour];
  private nextId = 1;

  constructor(readonly options: BmcOptions) {
    this.ids = IDS[this.model.flavour];
    this.systemPath = `${ROOT}/Systems/${this.ids.system}`;
    this.chassisPath = `${ROOT}/Chassis/${this.ids.chassis}`;
    this.managerPath = `${ROOT}/Managers/${this.ids.manager}`;
    const now = (): number => this.world.timeMs;
    this.sessions = new RedfishSessions(this.model.sessions, options.credential, { now, random: options.random });
    this.tasks = new RedfishTasks(now);
  }

  get world(): World {
    return this.options.world;
  }

  get server(): ServerState {
    const own = this.world.power.server(this.options.server);
    return own.maintenance.answersAs === undefined ? own : this.world.power.server(own.maintenance.answersAs);
  }

  get model(): ServerModel {
    return this.world.power.model(this.server);
  }

  get flavour(): RedfishFlavour {
    return this.model.flavour;
  }

  /** Who changes the world when this BMC is asked to. */
  get actor(): string {
    return `redfish:${this.options.server}`;
  }

  newId(): string {
    return String(this.nextId++);
  }

  /** Adapters with their ports, in the order of the server's ports. */
  adapters(): ReadonlyMap<string, readonly AdapterPortState[]> {
    const adapters = new Map<string, AdapterPortState[]>();
    for (const port of this.server.ports) adapters.set(port.adapter, [...(adapters.get(port.adapter) ?? []), port]);
    return adapters;
  }

  portOf(adapter: string, functionId: string): AdapterPortState | undefined {
    return this.adapters()
      .get(adapter)
      ?.find((port) => port.name === functionId);
  }

  adapterPath(adapter: string): string {
    return `${this.chassisPath}/NetworkAdapters/${adapter}`;
  }

  functionPath(port: AdapterPortState): string {
    return `${this.adapterPath(port.adapter)}/NetworkDeviceFunctions/${port.name}`;
  }

  /** Dell names the settings object under Systems even when the function was read under Chassis. */
  settingsPath(port: AdapterPortState): string {
    if (this.flavour !== 'dell') return `${this.functionPath(port)}/Settings`;
    return `${this.systemPath}/NetworkAdapters/${port.adapter}/NetworkDeviceFunctions/${port.name}/Settings`;
  }

  isoTime(timeMs: number): string {
    const nowMs = this.world.core.clock.now().getTime();
    return new Date(nowMs - (this.world.timeMs - timeMs)).toISOString();
  }
}
