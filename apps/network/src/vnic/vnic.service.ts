import { Injectable } from '@nestjs/common';
import { done, refused, network, type InputOf, type OutcomeOf, type ResultOf } from '@rackwright/contracts';
import { hasPrefix, IdentityStore, macAt, prefixProblem, randomPrefix } from '@rackwright/identity-pool';
import { SystemRandom, type MacAddress } from '@rackwright/kernel';
import { Database, withSavepoint, type Tx } from '@rackwright/persistence';
import { bareAddress, isHostIn, parseSubnet, type Subnet } from '../network/ipv4.policy.js';
import { NetworkService } from '../network/network.service.js';

type VnicSpec = InputOf<typeof network.reserveVnics>['vnics'][number];
type ReserveInput = InputOf<typeof network.reserveVnics>;

/** A vNIC whose networks and address were found; only the MAC is missing. */
interface PlacedVnic {
  readonly spec: VnicSpec;
  readonly nativeVlan?: number;
  readonly tagged: readonly string[];
  readonly taggedVlans: readonly number[];
  /** With the prefix of its subnet. */
  readonly address?: string;
  readonly gateway?: string;
}

export interface VnicProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

interface VnicRow {
  name: string;
  mac: MacAddress;
  native: string | null;
  tagged: string[];
  address: string | null;
}

const MAC_PROBLEMS = {
  taken: { code: 'mac-taken', text: 'belongs to another profile, or rests after one' },
  'outside-pool': { code: 'mac-outside-pool', text: 'lies in no MAC pool' },
  'pool-exhausted': { code: 'pool-exhausted', text: 'no MAC is free' },
  'no-pool': { code: 'pool-exhausted', text: 'there is no MAC pool; apply one of kind MacPool' },
} as const;

/** vNICs of profiles: networks resolved, MACs and static addresses reserved. */
@Injectable()
export class VnicService {
  private readonly random = new SystemRandom();

  constructor(
    private readonly database: Database,
    private readonly networks: NetworkService,
    private readonly identities: IdentityStore,
  ) {}

  async putPool(tx: Tx, input: InputOf<typeof network.putMacPool>): Promise<OutcomeOf<typeof network.putMacPool>> {
    const known = (await this.identities.pools(tx, 'mac')).find((pool) => pool.name === input.name);
    const prefix = input.prefix ?? known?.prefix ?? randomPrefix(this.random);
    const problem = prefixProblem(prefix);
    if (problem)
      return refused(
        problem,
        `${prefix} cannot be used: ${problem === 'prefix-not-local' ? 'only locally administered unicast addresses may be made' : 'it belongs to somebody known'}`,
      );
    const put = await this.identities.putPool(tx, { name: input.name, kind: 'mac', prefix });
    if (put === 'in-use') return refused('pool-in-use', `addresses of ${input.name} are in use; make another pool`);
    return done({ prefix, changed: put !== 'unchanged' });
  }

  /** All or nothing; a repeat keeps every MAC. */
  reserve(tx: Tx, input: ReserveInput): Promise<OutcomeOf<typeof network.reserveVnics>> {
    return withSavepoint(
      tx,
      () => this.reserveIn(tx, input),
      (outcome) => outcome.kind === 'done',
    );
  }

  async release(tx: Tx, input: InputOf<typeof network.releaseVnics>): Promise<OutcomeOf<typeof network.releaseVnics>> {
    if (input.restore) {
      const restored = await this.reserve(tx, {
        profileId: input.profileId,
        profile: input.profile,
        vnics: input.restore,
      });
      return restored.kind === 'done' ? done({}) : restored;
    }
    await this.identities.release(tx, input.profileId);
    await tx.query('DELETE FROM profile_vnics WHERE profile_id = $1', [input.profileId]);
    return done({});
  }

  async resolve(tx: Tx, profileId: string): Promise<OutcomeOf<typeof network.resolveVnics>> {
    const [row] = await tx.query('SELECT 1 FROM profile_vnics WHERE profile_id = $1', [profileId]);
    if (!row) return refused('unknown-profile', `nothing is reserved for ${profileId}`);
    return done({ vnics: await this.resolved(tx, profileId) });
  }

  get(profileId: string): Promise<ResultOf<typeof network.getVnics>> {
    return this.database.transaction(async (tx) => ({ vnics: await this.resolved(tx, profileId) }));
  }

  async listPools(): Promise<ResultOf<typeof network.listMacPools>> {
    const pools = await this.identities.pools(this.database, 'mac');
    return {
      items: pools.map(({ name, prefix, assigned, resting }) => ({ name, prefix, size: 2 ** 24, assigned, resting })),
    };
  }

  /** Every problem reserve would find, without reserving. */
  preview(input: InputOf<typeof network.previewVnics>): Promise<ResultOf<typeof network.previewVnics>> {
    return this.database.transaction(async (tx) => {
      const [owner] = await tx.query<{ profile_id: string }>(
        'SELECT profile_id FROM profile_vnics WHERE profile = $1',
        [input.profile],
      );
      const { placed, problems } = await this.place(tx, owner?.profile_id ?? '', input.vnics);
      const macProblems = await this.explicitMacProblems(tx, owner?.profile_id ?? '', input.vnics);
      const vnics = placed.map((vnic) => ({
        ...resolvedWithoutMac(vnic),
        ...(vnic.spec.mac !== undefined && { mac: vnic.spec.mac }),
      }));
      return { problems: [...problems, ...macProblems], vnics };
    });
  }

  private async reserveIn(tx: Tx, input: ReserveInput): Promise<OutcomeOf<typeof network.reserveVnics>> {
    const [before] = await tx.query<{ spec: VnicSpec[] }>(
      'SELECT spec FROM profile_vnics WHERE profile_id = $1 FOR UPDATE',
      [input.profileId],
    );
    const { placed, problems } = await this.place(tx, input.profileId, input.vnics);
    const problem = problems[0];
    if (problem) return refused(problem.code, problem.message, { path: problem.path });
    await tx.query(
      'INSERT INTO profile_vnics (profile_id, profile, spec) VALUES ($1, $2, $3) ON CONFLICT (profile_id) DO UPDATE SET profile = $2, spec = $3',
      [input.profileId, input.profile, JSON.stringify(input.vnics)],
    );
    await tx.query('DELETE FROM vnics WHERE profile_id = $1', [input.profileId]);
    await this.identities.release(
      tx,
      input.profileId,
      input.vnics.map((vnic) => slotOf(vnic.name)),
    );
    for (const [position, vnic] of placed.entries()) {
      const assigned = await this.identities.assign(tx, {
        kind: 'mac',
        owner: input.profileId,
        slot: slotOf(vnic.spec.name),
        make: macAt,
        inside: hasPrefix,
        ...(vnic.spec.mac !== undefined && { explicit: vnic.spec.mac }),
      });
      if ('problem' in assigned) {
        const { code, text } = MAC_PROBLEMS[assigned.problem];
        return refused(
          code,
          `vNIC ${vnic.spec.name}: ${vnic.spec.mac === undefined ? '' : `${vnic.spec.mac} `}${text}`,
          { path: `/vnics/${position}/mac` },
        );
      }
      await tx.query(
        'INSERT INTO vnics (profile_id, name, position, mac, native, tagged, address) VALUES ($1, $2, $3, $4, $5, $6, $7)',
        [
          input.profileId,
          vnic.spec.name,
          position,
          assigned.value,
          vnic.spec.native ?? null,
          JSON.stringify(vnic.tagged),
          vnic.spec.address === undefined ? null : bareAddress(vnic.spec.address),
        ],
      );
    }
    return done({ vnics: await this.resolved(tx, input.profileId), ...(before && { previous: before.spec }) });
  }

  private async place(
    tx: Tx,
    profileId: string,
    vnics: readonly VnicSpec[],
  ): Promise<{ placed: PlacedVnic[]; problems: VnicProblem[] }> {
    const known = await this.networks.byName(tx);
    const placed: PlacedVnic[] = [];
    const problems: VnicProblem[] = [];
    const names = new Set<string>();
    const addresses = new Set<string>();
    for (const [index, spec] of vnics.entries()) {
      const say = (field: string, code: string, message: string): void =>
        void problems.push({ path: `/vnics/${index}${field}`, code, message: `vNIC ${spec.name}: ${message}` });
      if (names.has(spec.name)) say('/name', 'vnic-twice', 'this name is used twice');
      names.add(spec.name);
      const members = spec.networkSet === undefined ? [] : await this.networks.setMembers(tx, spec.networkSet);
      if (!members) say('/networkSet', 'unknown-network-set', `there is no network set ${spec.networkSet ?? ''}`);
      const tagged = [...new Set([...spec.tagged, ...(members ?? [])])];
      for (const name of [...(spec.native === undefined ? [] : [spec.native]), ...tagged])
        if (!known.has(name)) say('', 'unknown-network', `there is no network ${name}`);
      const native = spec.native === undefined ? undefined : known.get(spec.native);
      if (spec.address !== undefined) {
        const bare = bareAddress(spec.address);
        const subnet = subnetOf(native);
        const [owner] = await tx.query<{ profile: string }>(
          'SELECT profile FROM vnics JOIN profile_vnics USING (profile_id) WHERE native = $1 AND address = $2 AND profile_id <> $3',
          [spec.native ?? '', bare, profileId],
        );
        const key = `${spec.native ?? ''} ${bare}`;
        if (!subnet || !isHostIn(subnet, bare) || bare === native?.gateway)
          say(
            '/address',
            'address-outside-subnet',
            `${bare} is not a free host address of ${native?.subnet ?? 'a network with a subnet'}`,
          );
        else if (owner || addresses.has(key))
          say(
            '/address',
            'address-taken',
            `${bare} belongs to ${owner ? `profile ${owner.profile}` : 'another vNIC of this profile'}`,
          );
        addresses.add(key);
      }
      const prefix = prefixOf(native);
      placed.push({
        spec,
        ...(native && { nativeVlan: native.vlan }),
        tagged,
        taggedVlans: tagged
          .map((name) => known.get(name)?.vlan ?? 0)
          .filter((vlan) => vlan > 0)
          .sort((left, right) => left - right),
        ...(spec.address !== undefined &&
          prefix !== undefined && { address: `${bareAddress(spec.address)}/${prefix}` }),
        ...(native && native.gateway !== null && { gateway: native.gateway }),
      });
    }
    return { placed, problems };
  }

  private async explicitMacProblems(tx: Tx, profileId: string, vnics: readonly VnicSpec[]): Promise<VnicProblem[]> {
    const pools = await this.identities.pools(tx, 'mac');
    const problems: VnicProblem[] = [];
    for (const [index, { name, mac }] of vnics.entries()) {
      const holder = mac === undefined ? undefined : await this.identities.holderOf(tx, 'mac', mac);
      const problem =
        pools.length === 0
          ? 'no-pool'
          : mac !== undefined && !pools.some((pool) => hasPrefix(mac, pool.prefix))
            ? 'outside-pool'
            : holder && holder.owner !== profileId
              ? 'taken'
              : undefined;
      if (problem)
        problems.push({
          path: `/vnics/${index}/mac`,
          code: MAC_PROBLEMS[problem].code,
          message: `vNIC ${name}: ${mac ?? ''} ${MAC_PROBLEMS[problem].text}`,
        });
    }
    return problems;
  }

  private async resolved(tx: Tx, profileId: string): Promise<network.ResolvedVnic[]> {
    const known = await this.networks.byName(tx);
    const rows = await tx.query<VnicRow>(
      'SELECT name, mac, native, tagged, address FROM vnics WHERE profile_id = $1 ORDER BY position',
      [profileId],
    );
    return rows.map((row) => {
      const native = row.native === null ? undefined : known.get(row.native);
      const prefix = prefixOf(native);
      return {
        name: row.name,
        mac: row.mac,
        ...(native && { native: native.name, nativeVlan: native.vlan }),
        tagged: row.tagged,
        taggedVlans: row.tagged
          .map((name) => known.get(name)?.vlan ?? 0)
          .filter((vlan) => vlan > 0)
          .sort((left, right) => left - right),
        ...(row.address !== null && prefix !== undefined && { address: `${row.address}/${prefix}` }),
        ...(native && native.gateway !== null && { gateway: native.gateway }),
      };
    });
  }
}

interface Addressed {
  readonly subnet: string | null;
}

function subnetOf(native: Addressed | undefined): Subnet | undefined {
  return native === undefined || native.subnet === null ? undefined : parseSubnet(native.subnet);
}

function prefixOf(native: Addressed | undefined): number | undefined {
  return subnetOf(native)?.prefix;
}

function slotOf(vnic: string): string {
  return `vnic:${vnic}`;
}

function resolvedWithoutMac(vnic: PlacedVnic) {
  return {
    name: vnic.spec.name,
    ...(vnic.nativeVlan !== undefined && { nativeVlan: vnic.nativeVlan }),
    taggedVlans: [...vnic.taggedVlans],
    ...(vnic.spec.native !== undefined && { native: vnic.spec.native }),
    tagged: [...vnic.tagged],
    ...(vnic.address !== undefined && { address: vnic.address }),
    ...(vnic.gateway !== undefined && { gateway: vnic.gateway }),
  };
}
