import { Injectable } from '@nestjs/common';
import type { ArrayHost } from '@rackwright/driver-core';
import { Database } from '@rackwright/persistence';

/** The host objects that were made for profiles: what the arrays are compared with. Written before the device is changed. */
@Injectable()
export class HostStore {
  constructor(private readonly database: Database) {}

  async find(profileId: string, array: string): Promise<ArrayHost | undefined> {
    const [row] = await this.database.query<{ host: ArrayHost }>(
      'SELECT host FROM made_hosts WHERE profile_id = $1 AND array_name = $2',
      [profileId, array],
    );
    return row?.host;
  }

  async all(profileId: string): Promise<{ array: string; host: ArrayHost }[]> {
    return this.database.query(
      'SELECT array_name AS "array", host FROM made_hosts WHERE profile_id = $1 ORDER BY array_name',
      [profileId],
    );
  }

  async record(profileId: string, array: string, host: ArrayHost): Promise<void> {
    await this.database.query(
      'INSERT INTO made_hosts (profile_id, array_name, host) VALUES ($1, $2, $3) ON CONFLICT (profile_id, array_name) DO UPDATE SET host = $3',
      [profileId, array, JSON.stringify(host)],
    );
  }

  async forget(profileId: string, array: string): Promise<void> {
    await this.database.query('DELETE FROM made_hosts WHERE profile_id = $1 AND array_name = $2', [profileId, array]);
  }
}
