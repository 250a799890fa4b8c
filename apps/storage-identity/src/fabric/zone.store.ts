import { Injectable } from '@nestjs/common';
import type { Zone } from '@rackwright/driver-core';
import { Database } from '@rackwright/persistence';

/** The zones that were made for profiles: what the fabrics are compared with. Written before the device is changed. */
@Injectable()
export class ZoneStore {
  constructor(private readonly database: Database) {}

  async of(profileId: string, fabric: string): Promise<Zone[]> {
    return this.database.query<{ name: string; members: Zone['members'] }>(
      'SELECT name, members FROM made_zones WHERE profile_id = $1 AND fabric = $2 ORDER BY name',
      [profileId, fabric],
    );
  }

  async all(profileId: string): Promise<{ fabric: string; name: string; members: Zone['members'] }[]> {
    return this.database.query(
      'SELECT fabric, name, members FROM made_zones WHERE profile_id = $1 ORDER BY fabric, name',
      [profileId],
    );
  }

  async record(profileId: string, fabric: string, zones: readonly Zone[]): Promise<void> {
    await this.database.query(
      `INSERT INTO made_zones (profile_id, fabric, name, members)
       SELECT $1, $2, name, members::jsonb FROM unnest($3::text[], $4::text[]) AS zone(name, members)
       ON CONFLICT (fabric, name) DO UPDATE SET members = excluded.members`,
      [profileId, fabric, zones.map((zone) => zone.name), zones.map((zone) => JSON.stringify(zone.members))],
    );
  }

  async forget(fabric: string, names: readonly string[]): Promise<void> {
    await this.database.query('DELETE FROM made_zones WHERE fabric = $1 AND name = ANY($2::text[])', [fabric, names]);
  }
}
