import { Injectable } from '@nestjs/common';
import type { inventory, InputOf, ResultOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import { Database, type Tx } from '@rackwright/persistence';
import { ProfileRepository } from '../profile/profile.repository.js';
import { ServerPoolEntity } from '../server-pool/server-pool.entity.js';
import { ServerEntity } from '../server/server.entity.js';
import { ServerRepository } from '../server/server.repository.js';
import { rejectionsOf, scoreOf } from './placement.policy.js';

/** Where may a profile land, and why not elsewhere: every server gets an answer. */
@Injectable()
export class PlacementService {
  constructor(
    private readonly database: Database,
    private readonly profiles: ProfileRepository,
    private readonly servers: ServerRepository,
  ) {}

  place(input: InputOf<typeof inventory.placeProfile>): Promise<ResultOf<typeof inventory.placeProfile>> {
    return this.database.transaction((tx) => this.placeIn(tx, input));
  }

  private async placeIn(
    tx: Tx,
    input: InputOf<typeof inventory.placeProfile>,
  ): Promise<ResultOf<typeof inventory.placeProfile>> {
    const profile = await this.profiles.find(tx, input.profile);
    if (!profile) throw new AppError('inventory.unknown-profile', `there is no profile ${input.profile}`);
    const wanted = input.server === undefined ? {} : { name: input.server };
    const servers = await tx.manager.find(ServerEntity, {
      where: { ...wanted, ...(input.pool !== undefined && { pool: input.pool }) },
      order: { name: 'ASC' },
    });
    const pools = await tx.manager.find(ServerPoolEntity);
    const candidates: ResultOf<typeof inventory.placeProfile>['candidates'] = [];
    const rejected: ResultOf<typeof inventory.placeProfile>['rejected'] = [];
    for (const view of await this.servers.placementView(tx, servers, profile.id)) {
      const who = { serverId: view.server.id as never, server: view.server.name };
      const reasons =
        view.server.id === profile.serverId
          ? [{ code: 'already-there', message: 'the profile is on it' }]
          : rejectionsOf(profile.definition, view, pools);
      if (reasons.length === 0) candidates.push({ ...who, ...scoreOf(profile.definition, view) });
      else rejected.push({ ...who, reasons });
    }
    candidates.sort(
      (left, right) => right.score - left.score || left.server.localeCompare(right.server, 'en', { numeric: true }),
    );
    return { candidates, rejected };
  }
}
