import type { Migration } from '@rackwright/persistence';

/** Tables of the storage identity service. Only ever added to. */
export const storageIdentityMigrations: readonly Migration[] = [
  {
    id: '0001-initiators-and-volumes',
    up: `
      CREATE TABLE volumes (
        name text PRIMARY KEY,
        group_name text NOT NULL,
        array_name text NOT NULL,
        array_volume text NOT NULL,
        shared boolean NOT NULL,
        UNIQUE (array_name, array_volume)
      );
      CREATE TABLE profile_storage (
        profile_id text PRIMARY KEY,
        profile text NOT NULL,
        spec jsonb NOT NULL
      );
      CREATE TABLE profile_volumes (
        profile_id text NOT NULL REFERENCES profile_storage (profile_id) ON DELETE CASCADE,
        volume text NOT NULL REFERENCES volumes (name),
        position int NOT NULL,
        lun int NOT NULL,
        boot boolean NOT NULL,
        PRIMARY KEY (profile_id, volume)
      );
      -- What was made on the devices for a profile: the truth that zones and masks are compared with.
      CREATE TABLE made_zones (
        profile_id text NOT NULL,
        fabric text NOT NULL,
        name text NOT NULL,
        members jsonb NOT NULL,
        PRIMARY KEY (fabric, name)
      );
      CREATE INDEX made_zones_profile ON made_zones (profile_id);
      CREATE TABLE made_hosts (
        profile_id text NOT NULL,
        array_name text NOT NULL,
        host jsonb NOT NULL,
        PRIMARY KEY (profile_id, array_name)
      );
    `,
  },
];
