import type { WorldCore } from '../../world/core.js';
import type { FabricPhysics, ZoningResult } from '../../world/fabric.js';
import { cableTo } from '../../world/cabling.js';
import type { FcSwitchState, ZoneDefinition, ZoningDatabase as WorldZoning } from '../../world/model.js';
import type {
  FabricBackend,
  FcPort,
  FcSwitchInfo,
  NameServerEntry,
  OpenZoneTransaction,
  StoredZone,
  ZoneEdit,
  ZoningDatabase,
  ZoningRefusal,
} from './fabric-backend.js';

/** The part of the world a Fibre Channel switch face needs. */
export interface FabricWorld {
  readonly core: WorldCore;
  readonly fabrics: FabricPhysics;
}

const OWNER_PREFIX = 'fos:';

/** One Fibre Channel switch of the world. All users of one switch share its buffer, so the owner is the switch. */
export class WorldFabricBackend implements FabricBackend {
  private readonly owner: string;

  constructor(
    private readonly world: FabricWorld,
    private readonly switchName: string,
  ) {
    this.owner = OWNER_PREFIX + switchName;
  }

  switchInfo(): FcSwitchInfo {
    const { name, wwn, domainId, firmware } = this.fcSwitch;
    return {
      name,
      wwn,
      domainId,
      firmware,
      serial: `FOS${wwn.replaceAll(':', '').slice(-10).toUpperCase()}`,
      model: '170.2',
    };
  }

  zoning(): ZoningDatabase {
    const { defined, effective, effectiveName, defaultZoneOpen } = this.state;
    return {
      ...toEdit(defined),
      effectiveCfg: effectiveName,
      enabledZones: Object.entries(effective).map(([name, zone]) => toZone(name, zone)),
      defaultZoneAccess: defaultZoneOpen ? 'all' : 'none',
    };
  }

  checksum(): string {
    return this.state.checksum;
  }

  transaction(): OpenZoneTransaction | undefined {
    const open = this.state.transaction;
    if (!open) return undefined;
    const through = open.owner.startsWith(OWNER_PREFIX) ? open.owner.slice(OWNER_PREFIX.length) : undefined;
    const other = through === undefined || through === this.switchName ? undefined : this.state.switches[through];
    return {
      owned: open.owner === this.owner ? 'local' : other ? 'elsewhere' : 'here',
      user: through === undefined ? open.owner : 'admin',
      domainId: (other ?? this.fcSwitch).domainId,
      token: open.token,
      remainingMs: open.expiresMs - this.world.core.timeMs,
      timeoutMs: open.expiresMs - open.openedMs,
    };
  }

  defined(): ZoneEdit {
    const { transaction, defined } = this.state;
    return toEdit(transaction && this.transaction()?.owned !== 'elsewhere' ? transaction.staged : defined);
  }

  stage(change: (edit: ZoneEdit) => void): ZoningRefusal | undefined {
    const result = this.world.fabrics.stage(this.state.name, this.owner, (draft) => {
      const edit = toEdit(draft);
      change(edit);
      Object.assign(draft, fromEdit(edit));
    });
    return this.refusal(result);
  }

  save(want: { checksum: string; enable?: string; disable?: boolean }): ZoningRefusal | undefined {
    return this.refusal(this.world.fabrics.save(this.state.name, this.owner, want));
  }

  abort(): ZoningRefusal | undefined {
    const force = this.transaction()?.owned === 'here';
    return this.refusal(this.world.fabrics.abort(this.state.name, this.owner, force));
  }

  nameServer(): readonly NameServerEntry[] {
    const { logins, switches } = this.state;
    return logins.map((login) => {
      const ports = Object.keys(switches[login.fcSwitch]?.ports ?? {});
      const portIndex = ports.indexOf(login.port);
      return {
        fcid: login.fcid,
        wwpn: login.wwpn,
        wwnn: login.wwnn,
        permanentWwpn: login.permanentWwpn,
        fabricPortWwn: portWwn(switches[login.fcSwitch]?.wwn ?? '', portIndex),
        portIndex,
        role: login.holder.kind === 'server' ? 'initiator' : 'target',
      };
    });
  }

  ports(): readonly FcPort[] {
    const { logins } = this.state;
    return Object.values(this.fcSwitch.ports).map((port, index) => {
      const here = logins.filter((login) => login.fcSwitch === this.switchName && login.port === port.name);
      const cable = cableTo(this.world.core.state, this.switchName, port.name);
      return {
        name: port.name,
        index,
        wwn: portWwn(this.fcSwitch.wwn, index),
        enabled: port.enabled,
        persistentlyDisabled: port.persistentDisabled,
        linkUp: here.length > 0 && cable !== undefined && !cable.broken,
        loggedIn: here.map((login) => login.wwpn),
      };
    });
  }

  setPort(name: string, state: { enabled: boolean; persistentlyDisabled: boolean }): void {
    const persistent = this.fcSwitch.ports[name]?.persistentDisabled !== state.persistentlyDisabled;
    this.world.fabrics.setPort(this.switchName, name, { enabled: state.enabled, persistent }, this.owner);
  }

  private get state(): ReturnType<FabricPhysics['fabric']> {
    return this.world.fabrics.fcSwitch(this.switchName).fabric;
  }

  private get fcSwitch(): FcSwitchState {
    return this.world.fabrics.fcSwitch(this.switchName).fcSwitch;
  }

  private refusal(result: ZoningResult): ZoningRefusal | undefined {
    if (result.ok) return undefined;
    const name = result.name ?? '';
    switch (result.why) {
      case 'locked-by-other':
        return { why: 'locked', by: this.transaction()?.user ?? 'admin' };
      case 'checksum-mismatch':
      case 'no-transaction':
        return { why: result.why };
      case 'no-such-configuration':
      case 'no-such-zone':
      case 'no-such-alias':
        return { why: 'not-found', name };
      case 'empty-zone':
        return { why: 'empty', name };
    }
  }
}

/** F_Port names follow the switch's own name: NAA 2 with the port in the vendor bits. */
function portWwn(switchWwn: string, index: number): string {
  return ['20', (index & 0xff).toString(16).padStart(2, '0'), ...switchWwn.split(':').slice(2)].join(':');
}

function toZone(name: string, zone: ZoneDefinition): StoredZone {
  return { name, type: zone.type, members: zone.members, principals: zone.principals };
}

function toEdit(database: WorldZoning): ZoneEdit {
  const { configurations, zones, aliases } = structuredClone(database);
  return {
    cfgs: Object.fromEntries(Object.entries(configurations).map(([name, list]) => [name, [...list]])),
    zones: Object.fromEntries(
      Object.entries(zones).map(([name, zone]) => [
        name,
        { name, type: zone.type, members: [...zone.members], principals: [...zone.principals] },
      ]),
    ),
    aliases: Object.fromEntries(Object.entries(aliases).map(([name, list]) => [name, [...list]])),
  };
}

function fromEdit(edit: ZoneEdit): WorldZoning {
  const zones = Object.values(edit.zones).map(({ name, type, members, principals }) => [
    name,
    { type, members, principals },
  ]);
  return { configurations: edit.cfgs, zones: Object.fromEntries(zones) as WorldZoning['zones'], aliases: edit.aliases };
}
