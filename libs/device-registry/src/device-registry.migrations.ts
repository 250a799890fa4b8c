import type { Migration } from '@rackwright/persistence';

/** Tables of the devices a service owns. Only ever added to. */
export const deviceRegistryMigrations: readonly Migration[] = [
  {
    id: '0000-device-registry-1',
    up: `
      CREATE TABLE devices (
        kind text NOT NULL,
        name text NOT NULL,
        driver text NOT NULL,
        address text NOT NULL,
        site text,
        trust jsonb NOT NULL,
        pinned text,
        credential text,
        options jsonb NOT NULL DEFAULT '{}',
        version int NOT NULL DEFAULT 1,
        reading jsonb,
        read_at timestamptz,
        tried_at timestamptz,
        problem text,
        PRIMARY KEY (kind, name),
        UNIQUE (kind, address)
      );
      CREATE TABLE sealing_keys (
        id int PRIMARY KEY CHECK (id = 1),
        public_key jsonb NOT NULL,
        private_key text NOT NULL
      );
    `,
  },
];
