import { Injectable } from '@nestjs/common';
import { done, refused, network, type InputOf, type OutcomeOf, type ResultOf } from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import { EventBus } from '@rackwright/messaging';
import { Database, type Tx } from '@rackwright/persistence';
import { SWITCH, type SwitchOptions } from '../switch/switch.service.js';
import { isHostIn, parseSubnet } from './ipv4.policy.js';

type NetworkSpec = InputOf<typeof network.putNetwork>;

interface NetworkRow {
  name: string;
  group: string;
  vlan: number;
  subnet: string | null;
  gateway: string | null;
  description: string;
}

const COLUMNS = 'name, group_name AS "group", vlan, subnet, gateway, description';

/** Networks and network sets. */
@Injectable()
export class NetworkService {
  constructor(
    private readonly database: Database,
    private readonly devices: DeviceStore,
    private readonly events: EventBus,
  ) {}

  async put(tx: Tx, spec: NetworkSpec): Promise<OutcomeOf<typeof network.putNetwork>> {
    const subnet = spec.subnet === undefined ? undefined : parseSubnet(spec.subnet);
    if (spec.subnet !== undefined && !subnet)
      return refused(
        'invalid-subnet',
        `${spec.subnet} is no IPv4 subnet; write it as 10.20.0.0/16 with a zero host part`,
      );
    if (spec.gateway !== undefined && !(subnet && isHostIn(subnet, spec.gateway)))
      return refused(
        'invalid-subnet',
        `the gateway ${spec.gateway} is not a host address of ${spec.subnet ?? 'any subnet'}`,
      );
    const [taken] = await tx.query<{ name: string }>('SELECT name FROM networks WHERE vlan = $1 AND name <> $2', [
      spec.vlan,
      spec.name,
    ]);
    if (taken) return refused('vlan-taken', `network ${taken.name} has VLAN ${spec.vlan}`);
    const parked = (await this.devices.list(SWITCH)).find(
      (device) => Number((device.options as SwitchOptions)['parkingVlan']) === spec.vlan,
    );
    if (parked) return refused('vlan-parked', `VLAN ${spec.vlan} is where closed ports of switch ${parked.name} rest`);
    const before = await this.find(tx, spec.name);
    const row: NetworkRow = {
      name: spec.name,
      group: spec.group,
      vlan: spec.vlan,
      subnet: spec.subnet ?? null,
      gateway: spec.gateway ?? null,
      description: spec.description,
    };
    if (before && JSON.stringify(before) === JSON.stringify(row)) return done({ changed: false });
    const users = before ? await this.usersOf(tx, spec.name) : [];
    const changesServers =
      before !== undefined &&
      (before.vlan !== row.vlan ||
        before.subnet !== row.subnet ||
        before.gateway !== row.gateway ||
        before.group !== row.group);
    if (changesServers && users.length > 0)
      return refused(
        'network-in-use',
        `${spec.name} is used by ${users.join(', ')}; its VLAN, subnet, gateway and group cannot change now`,
      );
    await tx.query(
      `INSERT INTO networks (name, group_name, vlan, subnet, gateway, description) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (name) DO UPDATE SET group_name = $2, vlan = $3, subnet = $4, gateway = $5, description = $6`,
      [row.name, row.group, row.vlan, row.subnet, row.gateway, row.description],
    );
    await this.events.emit(tx, network.networkDefined, { network: spec.name, vlan: spec.vlan });
    return done({ changed: true });
  }

  async delete(tx: Tx, name: string): Promise<OutcomeOf<typeof network.deleteNetwork>> {
    if (!(await this.find(tx, name))) return refused('unknown-network', `there is no network ${name}`);
    const users = await this.usersOf(tx, name);
    const sets = await tx.query<{ name: string }>('SELECT name FROM network_sets WHERE networks ? $1', [name]);
    if (users.length + sets.length > 0)
      return refused(
        'network-in-use',
        `${name} is used by ${[...users, ...sets.map((set) => `network set ${set.name}`)].join(', ')}`,
      );
    await tx.query('DELETE FROM networks WHERE name = $1', [name]);
    return done({});
  }

  async putSet(tx: Tx, input: InputOf<typeof network.putNetworkSet>): Promise<OutcomeOf<typeof network.putNetworkSet>> {
    for (const member of input.networks)
      if (!(await this.find(tx, member))) return refused('unknown-network', `there is no network ${member}`);
    const [before] = await tx.query<{ networks: string[] }>('SELECT networks FROM network_sets WHERE name = $1', [
      input.name,
    ]);
    if (before && JSON.stringify(before.networks) === JSON.stringify(input.networks)) return done({ changed: false });
    const [user] = before
      ? await tx.query<{ profile: string }>(`SELECT profile FROM profile_vnics WHERE spec @> $1::jsonb LIMIT 1`, [
          JSON.stringify([{ networkSet: input.name }]),
        ])
      : [];
    if (user) return refused('network-set-in-use', `profile ${user.profile} uses ${input.name}`);
    await tx.query(
      'INSERT INTO network_sets (name, networks) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET networks = $2',
      [input.name, JSON.stringify(input.networks)],
    );
    return done({ changed: true });
  }

  /** All networks by name, for resolving. */
  async byName(tx: Tx): Promise<Map<string, NetworkRow>> {
    return new Map((await tx.query<NetworkRow>(`SELECT ${COLUMNS} FROM networks`)).map((row) => [row.name, row]));
  }

  async setMembers(tx: Tx, name: string): Promise<string[] | undefined> {
    const [row] = await tx.query<{ networks: string[] }>('SELECT networks FROM network_sets WHERE name = $1', [name]);
    return row?.networks;
  }

  async list(input: InputOf<typeof network.listNetworks>): Promise<ResultOf<typeof network.listNetworks>> {
    const rows = await this.database.query<NetworkRow>(
      `SELECT ${COLUMNS} FROM networks WHERE name > $1 ORDER BY name LIMIT $2`,
      [input.cursor ?? '', input.limit + 1],
    );
    const [count] = await this.database.query<{ total: number }>('SELECT count(*)::int AS total FROM networks');
    const items = await this.database.transaction(async (tx) => {
      const views = [];
      for (const { subnet, gateway, ...row } of rows.slice(0, input.limit)) {
        views.push({
          ...row,
          ...(subnet !== null && { subnet }),
          ...(gateway !== null && { gateway }),
          profiles: await this.usersOf(tx, row.name),
        });
      }
      return views;
    });
    const last = items.at(-1);
    return { items, total: count?.total ?? 0, ...(rows.length > input.limit && last && { nextCursor: last.name }) };
  }

  async listSets(): Promise<ResultOf<typeof network.listNetworkSets>> {
    return {
      items: await this.database.query<{ name: string; networks: string[] }>(
        'SELECT name, networks FROM network_sets ORDER BY name',
      ),
    };
  }

  private async find(tx: Tx, name: string): Promise<NetworkRow | undefined> {
    const [row] = await tx.query<NetworkRow>(`SELECT ${COLUMNS} FROM networks WHERE name = $1`, [name]);
    return row;
  }

  /** Names of profiles with a vNIC in this network. */
  private async usersOf(tx: Tx, name: string): Promise<string[]> {
    const rows = await tx.query<{ profile: string }>(
      'SELECT DISTINCT profile FROM vnics JOIN profile_vnics USING (profile_id) WHERE native = $1 OR tagged ? $1 ORDER BY profile',
      [name],
    );
    return rows.map((row) => row.profile);
  }
}
