import { Injectable } from '@nestjs/common';
import type { Tx } from '@rackwright/persistence';
import { In } from 'typeorm';
import { FormerHolderEntity } from '../profile/profile.entity.js';
import type { PlacementServer } from '../placement/placement.policy.js';
import { CablingEntity, ServerEntity } from './server.entity.js';

/** Servers and their cabling. Locking reads take rows in the order of their ids, so that two sagas cannot deadlock. */
@Injectable()
export class ServerRepository {
  async find(tx: Tx, idOrName: string): Promise<ServerEntity | null> {
    return tx.manager.findOne(ServerEntity, {
      where: [{ id: idOrName }, { name: idOrName }, { boardSerial: idOrName }],
    });
  }

  async lockById(tx: Tx, id: string): Promise<ServerEntity | null> {
    return tx.manager.findOne(ServerEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async lockBySerial(tx: Tx, boardSerial: string): Promise<ServerEntity | null> {
    return tx.manager.findOne(ServerEntity, { where: { boardSerial }, lock: { mode: 'pessimistic_write' } });
  }

  async lockMany(tx: Tx, ids: readonly string[]): Promise<ServerEntity[]> {
    if (ids.length === 0) return [];
    return tx.manager.find(ServerEntity, {
      where: { id: In([...ids]) },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async byIds(tx: Tx, ids: readonly string[]): Promise<ServerEntity[]> {
    return ids.length === 0 ? [] : tx.manager.findBy(ServerEntity, { id: In([...ids]) });
  }

  async lockHeldBy(tx: Tx, sagaId: string): Promise<ServerEntity[]> {
    return tx.manager.find(ServerEntity, {
      where: { lockedBy: sagaId },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async save(tx: Tx, server: ServerEntity): Promise<void> {
    await tx.manager.save(ServerEntity, server);
  }

  async cablingOf(tx: Tx, serverIds: readonly string[]): Promise<Map<string, CablingEntity[]>> {
    const rows =
      serverIds.length === 0
        ? []
        : await tx.manager.find(CablingEntity, { where: { serverId: In([...serverIds]) }, order: { port: 'ASC' } });
    const byServer = new Map<string, CablingEntity[]>(serverIds.map((id) => [id, []]));
    for (const row of rows) byServer.get(row.serverId)?.push(row);
    return byServer;
  }

  /** The server with all that placement looks at. */
  async placementView(tx: Tx, servers: readonly ServerEntity[], forProfile: string): Promise<PlacementServer[]> {
    const ids = servers.map((server) => server.id);
    const cabling = await this.cablingOf(tx, ids);
    const holders = ids.length === 0 ? [] : await tx.manager.find(FormerHolderEntity, { where: { serverId: In(ids) } });
    const others = new Set(
      holders.filter((holder) => holder.profileId !== forProfile).map((holder) => holder.serverId),
    );
    return servers.map((server) => ({
      server,
      cabling: cabling.get(server.id) ?? [],
      carriesOthers: others.has(server.id),
    }));
  }
}
