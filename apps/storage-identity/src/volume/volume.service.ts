import { Injectable } from '@nestjs/common';
import {
  done,
  refused,
  type InputOf,
  type OutcomeOf,
  type ResultOf,
  type storageIdentity as storage,
} from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import { Database, type Tx } from '@rackwright/persistence';
import { ARRAY } from '../array/array.service.js';

interface VolumeRow {
  name: string;
  group: string;
  array: string;
  arrayVolume: string;
  shared: boolean;
}

const COLUMNS = 'name, group_name AS "group", array_name AS "array", array_volume AS "arrayVolume", shared';

/** Volumes: what exists on an array, by a name of ours. */
@Injectable()
export class VolumeService {
  constructor(
    private readonly database: Database,
    private readonly devices: DeviceStore,
  ) {}

  async put(tx: Tx, input: InputOf<typeof storage.putVolume>): Promise<OutcomeOf<typeof storage.putVolume>> {
    if (!(await this.devices.get(ARRAY, input.array)))
      return refused('unknown-array', `there is no array ${input.array}`);
    const [taken] = await tx.query<{ name: string }>(
      'SELECT name FROM volumes WHERE array_name = $1 AND array_volume = $2 AND name <> $3',
      [input.array, input.arrayVolume, input.name],
    );
    if (taken)
      return refused('volume-taken', `${taken.name} stands for ${input.arrayVolume} on ${input.array} already`);
    const [before] = await tx.query<VolumeRow>(`SELECT ${COLUMNS} FROM volumes WHERE name = $1 FOR UPDATE`, [
      input.name,
    ]);
    const same =
      before && (['group', 'array', 'arrayVolume', 'shared'] as const).every((key) => before[key] === input[key]);
    if (same) return done({ changed: false });
    const [user] = before ? await this.usersOf(tx, input.name) : [];
    if (user !== undefined)
      return refused('volume-in-use', `profile ${user} uses ${input.name}; it cannot become another volume`);
    await tx.query(
      `INSERT INTO volumes (name, group_name, array_name, array_volume, shared) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (name) DO UPDATE SET group_name = $2, array_name = $3, array_volume = $4, shared = $5`,
      [input.name, input.group, input.array, input.arrayVolume, input.shared],
    );
    return done({ changed: true });
  }

  list(input: InputOf<typeof storage.listVolumes>): Promise<ResultOf<typeof storage.listVolumes>> {
    return this.database.transaction(async (tx) => {
      const rows = await tx.query<VolumeRow>(`SELECT ${COLUMNS} FROM volumes WHERE name > $1 ORDER BY name LIMIT $2`, [
        input.cursor ?? '',
        input.limit + 1,
      ]);
      const [count] = await tx.query<{ total: number }>('SELECT count(*)::int AS total FROM volumes');
      const items = [];
      for (const row of rows.slice(0, input.limit)) items.push({ ...row, profiles: await this.usersOf(tx, row.name) });
      const last = items.at(-1);
      return { items, total: count?.total ?? 0, ...(rows.length > input.limit && last && { nextCursor: last.name }) };
    });
  }

  private async usersOf(tx: Tx, volume: string): Promise<string[]> {
    const rows = await tx.query<{ profile: string }>(
      'SELECT profile FROM profile_volumes JOIN profile_storage USING (profile_id) WHERE volume = $1 ORDER BY profile',
      [volume],
    );
    return rows.map((row) => row.profile);
  }
}
