import type { Migration } from '@rackwright/persistence';

/** Tables of the saga coordinator. Only ever added to. */
export const sagaCoordinatorMigrations: readonly Migration[] = [
  {
    id: '0001-journals-plans-runs',
    up: `
      CREATE TABLE saga_heads (
        saga_id text COLLATE "C" PRIMARY KEY,
        saga text NOT NULL,
        version int NOT NULL,
        status text NOT NULL,
        epoch bigint NOT NULL,
        sequence int NOT NULL,
        due_at timestamptz
      );
      CREATE INDEX saga_heads_due ON saga_heads (due_at) WHERE status = 'open';
      CREATE TABLE saga_journal (
        saga_id text COLLATE "C" NOT NULL,
        sequence int NOT NULL,
        event text NOT NULL,
        step text NOT NULL DEFAULT '',
        item text NOT NULL DEFAULT '',
        epoch bigint NOT NULL,
        attempt int NOT NULL,
        at timestamptz NOT NULL,
        data jsonb,
        PRIMARY KEY (saga_id, sequence),
        UNIQUE (saga_id, step, item, epoch, attempt, event)
      );
      CREATE TABLE plans (
        id text COLLATE "C" PRIMARY KEY,
        actor text NOT NULL,
        /* As asked for, and with the server that was chosen. */
        request jsonb NOT NULL,
        resolved jsonb NOT NULL,
        profile_id text,
        contents jsonb NOT NULL,
        world_mark text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        run_id text
      );
      CREATE INDEX plans_expires_at ON plans (expires_at) WHERE run_id IS NULL;
      CREATE TABLE runs (
        id text COLLATE "C" PRIMARY KEY,
        plan_id text,
        saga text NOT NULL,
        version int NOT NULL,
        title text NOT NULL,
        actor text NOT NULL,
        profile_id text,
        server_ids text[] NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        state text NOT NULL,
        reason text,
        past_no_return boolean NOT NULL DEFAULT false,
        trace_id text,
        progress jsonb NOT NULL
      );
      CREATE INDEX runs_open ON runs (id DESC) WHERE ended_at IS NULL;
      CREATE INDEX runs_state ON runs (state, id DESC);
      CREATE INDEX runs_profile ON runs (profile_id, id DESC);
      CREATE INDEX runs_servers ON runs USING gin (server_ids);
      CREATE INDEX runs_saga_done ON runs (saga, id DESC) WHERE state = 'done';
    `,
  },
];
