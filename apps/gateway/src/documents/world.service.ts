import { Inject, Injectable } from '@nestjs/common';
import {
  inventory,
  network,
  power,
  storageIdentity as storage,
  type InputOf,
  type QueryDefinition,
} from '@rackwright/contracts';
import type { Kind, RackDocument } from '@rackwright/documents';
import type { Clock } from '@rackwright/kernel';
import { Database } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { Asker } from '../asking/asker.service.js';
import * as existing from './existing.policy.js';
import type { Existing } from './existing.policy.js';

/** Everything there is of some kinds, by `Kind/name`. */
export type World = ReadonlyMap<string, Existing>;

interface PageOf<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}

/**
 * What there is, in the words of documents. Owners tell most of it; what no list shows (how a device is trusted, declared
 * cabling) is kept here from the last document that was applied, without its credential.
 */
@Injectable()
export class WorldService {
  constructor(
    private readonly asker: Asker,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem 503 naming the owner that does not answer */
  async read(kinds: Iterable<Kind>): Promise<World> {
    const wanted = [...new Set(kinds)];
    const [lists, remembered] = await Promise.all([
      Promise.all(wanted.map((kind) => this.list(kind))),
      this.remembered(wanted),
    ]);
    const world = new Map<string, Existing>();
    for (const item of lists.flat()) {
      const key = existing.keyOf(item.kind, item.name);
      world.set(key, { ...item, spec: { ...remembered.get(key), ...item.spec } });
    }
    return world;
  }

  /** Keeps what was applied, never a credential. */
  async remember(document: RackDocument): Promise<void> {
    const { credential: _credential, ...spec } = document.spec as unknown as Record<string, unknown>;
    await this.database.query(
      `INSERT INTO applied_documents (kind, name, spec, applied_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (kind, name) DO UPDATE SET spec = $3, applied_at = $4`,
      [document.kind, document.metadata.name, JSON.stringify(spec), this.clock.now()],
    );
  }

  private async remembered(kinds: readonly Kind[]): Promise<Map<string, Record<string, unknown>>> {
    const rows = await this.database.query<{ kind: string; name: string; spec: Record<string, unknown> }>(
      'SELECT kind, name, spec FROM applied_documents WHERE kind = ANY($1::text[])',
      [kinds],
    );
    return new Map(rows.map(({ kind, name, spec }) => [existing.keyOf(kind, name), spec]));
  }

  private async list(kind: Kind): Promise<Existing[]> {
    switch (kind) {
      case 'Site':
        return (await this.asker.query(inventory.listSites, {})).items.map(existing.siteOf);
      case 'ServerPool':
        return (await this.asker.query(inventory.listServerPools, {})).items.map(existing.serverPoolOf);
      case 'Network':
        return (await this.all(network.listNetworks, {})).map(existing.networkOf);
      case 'NetworkSet':
        return (await this.asker.query(network.listNetworkSets, {})).items.map(existing.networkSetOf);
      case 'MacPool':
        return (await this.asker.query(network.listMacPools, {})).items.map(existing.macPoolOf);
      case 'WwnPool':
      case 'IqnPool':
        return (await this.asker.query(storage.listWwnPools, {})).items
          .map(existing.storagePoolOf)
          .filter((pool) => pool.kind === kind);
      case 'Switch':
        return (await this.asker.query(network.listSwitches, {})).items.map(existing.switchOf);
      case 'Fabric':
        return (await this.asker.query(storage.listFabrics, {})).items.map(existing.fabricOf);
      case 'Array':
        return (await this.asker.query(storage.listArrays, {})).items.map(existing.arrayOf);
      case 'Volume':
        return (await this.all(storage.listVolumes, {})).map(existing.volumeOf);
      case 'Bmc':
        return (await this.all(power.listBmcs, {})).map(existing.bmcOf);
      case 'Server':
        return (await this.all(inventory.listServers, {})).map(existing.serverOf);
      case 'ServerProfile':
        return (await this.all(inventory.listProfiles, {})).map(existing.profileOf);
    }
  }

  /** Every page of a list. Ends also when an owner hands out cursors for ever. */
  private async all<Item, Q extends QueryDefinition & { result: { _zod: { output: PageOf<Item> } } }>(
    query: Q,
    input: Omit<InputOf<Q>, 'limit' | 'cursor'>,
  ): Promise<Q['result']['_zod']['output']['items'][number][]> {
    const items: Q['result']['_zod']['output']['items'][number][] = [];
    const seen = new Set<string>();
    for (let cursor: string | undefined; ;) {
      const asked = { ...input, limit: 200, ...(cursor !== undefined && { cursor }) } as InputOf<Q>;
      const page: PageOf<Item> = (await this.asker.query(query, asked)) as PageOf<Item>;
      items.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === undefined || seen.has(cursor)) return items;
      seen.add(cursor);
    }
  }
}
