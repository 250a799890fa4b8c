import type { Migration } from '@rackwright/persistence';

/** Tables of the network service. Only ever added to. */
export const networkMigrations: readonly Migration[] = [
  {
    id: '0001-networks-and-vnics',
    up: `
      CREATE TABLE networks (
        name text PRIMARY KEY,
        group_name text NOT NULL,
        vlan int NOT NULL UNIQUE,
        subnet text,
        gateway text,
        description text NOT NULL
      );
      CREATE TABLE network_sets (
        name text PRIMARY KEY,
        networks jsonb NOT NULL
      );
      CREATE TABLE profile_vnics (
        profile_id text PRIMARY KEY,
        profile text NOT NULL,
        spec jsonb NOT NULL
      );
      CREATE TABLE vnics (
        profile_id text NOT NULL REFERENCES profile_vnics (profile_id) ON DELETE CASCADE,
        name text NOT NULL,
        position int NOT NULL,
        mac text NOT NULL UNIQUE,
        native text REFERENCES networks (name),
        tagged jsonb NOT NULL,
        address text,
        PRIMARY KEY (profile_id, name),
        UNIQUE (native, address)
      );
    `,
  },
];
