import { Injectable } from '@nestjs/common';
import type { Tx } from '@rackwright/persistence';
import { FormerHolderEntity, ProfileEntity } from './profile.entity.js';

/** Profiles and the servers that may carry them. */
@Injectable()
export class ProfileRepository {
  async find(tx: Tx, idOrName: string): Promise<ProfileEntity | null> {
    return tx.manager.findOne(ProfileEntity, { where: [{ id: idOrName }, { name: idOrName }] });
  }

  async lockById(tx: Tx, id: string): Promise<ProfileEntity | null> {
    return tx.manager.findOne(ProfileEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async save(tx: Tx, profile: ProfileEntity): Promise<void> {
    await tx.manager.save(ProfileEntity, profile);
  }

  async remove(tx: Tx, profile: ProfileEntity): Promise<void> {
    await tx.manager.remove(ProfileEntity, profile);
  }

  async holdersOf(tx: Tx, profileId: string): Promise<FormerHolderEntity[]> {
    return tx.manager.find(FormerHolderEntity, { where: { profileId }, order: { serverId: 'ASC' } });
  }
}
