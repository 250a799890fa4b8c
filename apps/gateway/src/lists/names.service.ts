import { Injectable } from '@nestjs/common';
import { inventory, type ResultOf } from '@rackwright/contracts';
import { Asker } from '../asking/asker.service.js';

/** People say names, messages carry ids: either is taken. */
@Injectable()
export class NamesService {
  constructor(private readonly asker: Asker) {}

  profile(idOrName: string): Promise<ResultOf<typeof inventory.getProfile>> {
    return this.asker.query(inventory.getProfile, { profile: idOrName.slice(0, 100) });
  }

  async profileId(idOrName: string) {
    return (await this.profile(idOrName)).id;
  }

  async serverId(idOrName: string) {
    return (await this.asker.query(inventory.getServer, { server: idOrName.slice(0, 100) })).id;
  }
}
