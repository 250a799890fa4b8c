import { Injectable } from '@nestjs/common';
import type { inventory, InputOf, ResultOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import { Database, type Tx } from '@rackwright/persistence';
import type { ProfileEntity } from './profile.entity.js';
import { ProfileRepository } from './profile.repository.js';
import { ProfileService } from './profile.service.js';

/** Answers questions about profiles. */
@Injectable()
export class ProfileQueries {
  constructor(
    private readonly database: Database,
    private readonly profiles: ProfileRepository,
    private readonly service: ProfileService,
  ) {}

  get(idOrName: string): Promise<inventory.ProfileView> {
    return this.database.transaction(async (tx) => {
      const profile = await this.profiles.find(tx, idOrName);
      if (!profile) throw new AppError('inventory.unknown-profile', `there is no profile ${idOrName}`);
      return this.viewOf(tx, profile);
    });
  }

  list(input: InputOf<typeof inventory.listProfiles>): Promise<ResultOf<typeof inventory.listProfiles>> {
    return this.database.transaction(async (tx) => {
      const conditions = ['true'];
      const params: unknown[] = [];
      const where = (sql: string, value: unknown): void =>
        void (params.push(value), conditions.push(sql.replaceAll('?', `$${params.length}`)));
      if (input.group !== undefined) where(`definition ->> 'group' = ?`, input.group);
      if (input.associated !== undefined)
        conditions.push(input.associated ? 'server_id IS NOT NULL' : 'server_id IS NULL');
      if (input.search !== undefined && input.search !== '')
        where(`name LIKE '%' || ? || '%'`, input.search.toLowerCase().replace(/[\\%_]/g, '\\$&'));
      const [count] = await tx.query<{ total: number }>(
        `SELECT count(*)::int AS total FROM profiles WHERE ${conditions.join(' AND ')}`,
        params,
      );
      if (input.cursor !== undefined) where('name > ?', input.cursor);
      const names = await tx.query<{ name: string }>(
        `SELECT name FROM profiles WHERE ${conditions.join(' AND ')} ORDER BY name LIMIT ${input.limit + 1}`,
        params,
      );
      const items: inventory.ProfileView[] = [];
      for (const { name } of names.slice(0, input.limit)) {
        const profile = await this.profiles.find(tx, name);
        if (profile) items.push(await this.viewOf(tx, profile));
      }
      const last = items.at(-1);
      return {
        items,
        total: count?.total ?? 0,
        ...(names.length > input.limit && last && { nextCursor: last.definition.name }),
      };
    });
  }

  preview(input: InputOf<typeof inventory.previewProfile>): Promise<ResultOf<typeof inventory.previewProfile>> {
    return this.database.transaction(async (tx) => {
      const existing = await this.profiles.find(tx, input.definition.name);
      const problems = await this.service.problemsOf(tx, input.definition);
      return { problems, ...(existing && { existing: await this.viewOf(tx, existing) }) };
    });
  }

  private async viewOf(tx: Tx, profile: ProfileEntity): Promise<inventory.ProfileView> {
    const holders = await tx.query<{ server_id: string; name: string; since: Date }>(
      'SELECT server_id, servers.name, since FROM former_holders JOIN servers ON servers.id = server_id WHERE former_holders.profile_id = $1 ORDER BY since',
      [profile.id],
    );
    const [server] = await tx.query<{ name: string }>('SELECT name FROM servers WHERE id = $1', [profile.serverId]);
    return {
      id: profile.id as never,
      definition: profile.definition,
      uuid: profile.uuid as never,
      state: profile.state,
      ...(profile.serverId !== null && { serverId: profile.serverId as never }),
      ...(server && { server: server.name }),
      epoch: profile.epoch,
      ...(profile.lockedBy !== null && { lockedBy: profile.lockedBy }),
      formerHolders: holders
        .filter((holder) => holder.server_id !== profile.serverId)
        .map((holder) => ({
          serverId: holder.server_id as never,
          server: holder.name,
          since: holder.since.toISOString(),
        })),
      updatedAt: profile.updatedAt.toISOString(),
    };
  }
}
