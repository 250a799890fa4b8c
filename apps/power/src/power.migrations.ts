import type { Migration } from '@rackwright/persistence';

/** Tables of the power service. Only ever added to. */
export const powerMigrations: readonly Migration[] = [
  {
    id: '0001-bmcs',
    up: `
      CREATE TABLE bmcs (
        name text PRIMARY KEY,
        bmc_id text NOT NULL UNIQUE,
        server_id text,
        board_serial text,
        facts jsonb,
        facts_at timestamptz,
        registration text,
        registration_state text NOT NULL DEFAULT 'none',
        registered_at timestamptz,
        problem text,
        programmed boolean NOT NULL DEFAULT false
      );
      CREATE INDEX bmcs_server ON bmcs (server_id);
      CREATE TABLE boot_scripts (
        server_key text PRIMARY KEY,
        script text NOT NULL,
        written_at timestamptz NOT NULL DEFAULT now()
      );
    `,
  },
];
