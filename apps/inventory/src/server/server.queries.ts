import { Inject, Injectable } from '@nestjs/common';
import type { inventory, InputOf, ResultOf } from '@rackwright/contracts';
import { AppError, type Clock } from '@rackwright/kernel';
import { Database, type Tx } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import { ServerEntity } from './server.entity.js';
import { ServerRepository } from './server.repository.js';
import { POWER_FRESH_MS, searchTermOf, serverViewOf } from './server.view.js';

/** Answers questions about servers. */
@Injectable()
export class ServerQueries {
  constructor(
    private readonly database: Database,
    private readonly servers: ServerRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get(idOrName: string): Promise<inventory.ServerView> {
    return this.database.transaction(async (tx) => {
      const server = await this.servers.find(tx, idOrName);
      if (!server) throw new AppError('inventory.unknown-server', `there is no server ${idOrName}`);
      const [view] = await this.viewsOf(tx, [server]);
      return view as inventory.ServerView;
    });
  }

  list(input: InputOf<typeof inventory.listServers>): Promise<ResultOf<typeof inventory.listServers>> {
    return this.database.transaction(async (tx) => {
      const conditions: string[] = [];
      const params: unknown[] = [];
      const where = (sql: string, value: unknown): void =>
        void (params.push(value), conditions.push(sql.replaceAll('?', `$${params.length}`)));
      if (input.lifecycle !== undefined) where('lifecycle = ?', input.lifecycle);
      if (input.pool !== undefined) where('pool = ?', input.pool);
      if (input.site !== undefined) where('site = ?', input.site);
      if (input.search !== undefined && input.search !== '')
        where(`search_text LIKE '%' || ? || '%'`, searchTermOf(input.search).replace(/[\\%_]/g, '\\$&'));
      // A reading past its bound is unknown, in filters as in views.
      const freshPower = `CASE WHEN power_at > now() - interval '${POWER_FRESH_MS} milliseconds' THEN power_state ELSE 'unknown' END`;
      if (input.power !== undefined) where(`${freshPower} = ?`, input.power);
      const matching = conditions.length === 0 ? 'true' : conditions.join(' AND ');
      const [count] = await tx.query<{ total: number }>(
        `SELECT count(*)::int AS total FROM servers WHERE ${matching}`,
        params,
      );
      if (input.cursor !== undefined) where('name > ?', input.cursor);
      const page = await tx.query<{ id: string }>(
        `SELECT id FROM servers WHERE ${conditions.length === 0 ? 'true' : conditions.join(' AND ')} ORDER BY name LIMIT ${input.limit + 1}`,
        params,
      );
      const ids = page.slice(0, input.limit).map((row) => row.id);
      const entities = await this.inOrder(tx, ids);
      const last = entities.at(-1);
      return {
        items: await this.viewsOf(tx, entities),
        total: count?.total ?? 0,
        ...(page.length > input.limit && last && { nextCursor: last.name }),
      };
    });
  }

  private async inOrder(tx: Tx, ids: readonly string[]): Promise<ServerEntity[]> {
    const found = new Map((await this.servers.byIds(tx, ids)).map((server) => [server.id, server]));
    return ids.map((id) => found.get(id)).filter((server) => server !== undefined);
  }

  private async viewsOf(tx: Tx, servers: readonly ServerEntity[]): Promise<inventory.ServerView[]> {
    const cabling = await this.servers.cablingOf(
      tx,
      servers.map((server) => server.id),
    );
    const names = await tx.query<{ id: string; name: string }>(
      'SELECT id, name FROM profiles WHERE id = ANY($1::text[])',
      [servers.map((server) => server.profileId).filter((id) => id !== null)],
    );
    const profiles = new Map(names.map((row) => [row.id, row.name]));
    return servers.map((server) =>
      serverViewOf(
        server,
        cabling.get(server.id) ?? [],
        server.profileId === null ? undefined : profiles.get(server.profileId),
        this.clock.now(),
      ),
    );
  }
}
