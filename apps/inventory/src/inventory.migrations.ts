import type { Migration } from '@rackwright/persistence';

/** Tables of the inventory: what there is, and what should be. Only ever added to. */
export const inventoryMigrations: readonly Migration[] = [
  {
    id: '0001-servers-and-profiles',
    up: `
      CREATE TABLE sites (
        name text PRIMARY KEY,
        description text NOT NULL,
        racks jsonb NOT NULL
      );
      CREATE TABLE server_pools (
        name text PRIMARY KEY,
        description text NOT NULL,
        qualification jsonb NOT NULL
      );
      CREATE TABLE servers (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        board_serial text NOT NULL UNIQUE,
        expected boolean NOT NULL,
        bmc text UNIQUE,
        driver text,
        site text REFERENCES sites (name),
        rack text,
        position text,
        chassis text,
        power_feeds jsonb NOT NULL DEFAULT '[]',
        pool text REFERENCES server_pools (name),
        declared_architecture text,
        lifecycle text NOT NULL,
        lifecycle_reason text,
        facts jsonb,
        facts_at timestamptz,
        search_text text NOT NULL DEFAULT '',
        power_state text NOT NULL DEFAULT 'unknown',
        power_at timestamptz,
        power_source text,
        power_watts float8,
        epoch int NOT NULL DEFAULT 1,
        locked_by text,
        profile_id text UNIQUE
      );
      CREATE INDEX servers_lifecycle ON servers (lifecycle);
      CREATE INDEX servers_locked ON servers (locked_by) WHERE locked_by IS NOT NULL;
      CREATE TABLE cabling (
        server_id text NOT NULL REFERENCES servers (id),
        port text NOT NULL,
        device text NOT NULL,
        device_port text NOT NULL,
        source text NOT NULL,
        confidence float8 NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (server_id, port)
      );
      CREATE UNIQUE INDEX cabling_far_end ON cabling (device, device_port);
      CREATE TABLE profiles (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        definition jsonb NOT NULL,
        uuid text NOT NULL UNIQUE,
        state text NOT NULL,
        epoch int NOT NULL DEFAULT 1,
        locked_by text,
        server_id text UNIQUE REFERENCES servers (id),
        updated_at timestamptz NOT NULL
      );
      CREATE INDEX profiles_locked ON profiles (locked_by) WHERE locked_by IS NOT NULL;
      CREATE TABLE former_holders (
        profile_id text NOT NULL REFERENCES profiles (id),
        server_id text NOT NULL REFERENCES servers (id),
        saga_id text NOT NULL,
        since timestamptz NOT NULL,
        PRIMARY KEY (profile_id, server_id)
      );
    `,
  },
];
