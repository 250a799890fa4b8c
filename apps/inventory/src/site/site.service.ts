import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { done, type inventory, type InputOf, type OutcomeOf, type ResultOf } from '@rackwright/contracts';
import { Database, type Tx } from '@rackwright/persistence';
import { ServerPoolEntity } from '../server-pool/server-pool.entity.js';
import { SiteEntity } from './site.entity.js';

/** Sites, racks and server pools: plain definitions, put whole. */
@Injectable()
export class SiteService {
  constructor(private readonly database: Database) {}

  async putSite(tx: Tx, input: InputOf<typeof inventory.putSite>): Promise<OutcomeOf<typeof inventory.putSite>> {
    const before = await tx.manager.findOneBy(SiteEntity, { name: input.name });
    const changed = !isDeepStrictEqual(before && [before.description, before.racks], [input.description, input.racks]);
    if (changed) await tx.manager.upsert(SiteEntity, { ...input }, ['name']);
    return done({ changed });
  }

  async putPool(
    tx: Tx,
    input: InputOf<typeof inventory.putServerPool>,
  ): Promise<OutcomeOf<typeof inventory.putServerPool>> {
    const before = await tx.manager.findOneBy(ServerPoolEntity, { name: input.name });
    const changed = !isDeepStrictEqual(before && [before.description, before.qualification], [
      input.description,
      input.qualification,
    ]);
    if (changed) await tx.manager.upsert(ServerPoolEntity, { ...input }, ['name']);
    return done({ changed });
  }

  listSites(): Promise<ResultOf<typeof inventory.listSites>> {
    return this.database.transaction(async (tx) => ({
      items: await tx.manager.find(SiteEntity, { order: { name: 'ASC' } }),
    }));
  }

  listPools(): Promise<ResultOf<typeof inventory.listServerPools>> {
    return this.database.transaction(async (tx) => {
      const pools = await tx.manager.find(ServerPoolEntity, { order: { name: 'ASC' } });
      const counts = await tx.query<{ pool: string; servers: number; available: number }>(
        `SELECT pool, count(*)::int AS servers, count(*) FILTER (WHERE lifecycle = 'available')::int AS available FROM servers WHERE pool IS NOT NULL GROUP BY pool`,
      );
      const byPool = new Map(counts.map((row) => [row.pool, row]));
      return {
        items: pools.map((pool) => ({
          ...pool,
          servers: byPool.get(pool.name)?.servers ?? 0,
          available: byPool.get(pool.name)?.available ?? 0,
        })),
      };
    });
  }
}
