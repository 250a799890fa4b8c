import type { Migration } from '@rackwright/persistence';

/** Tables of device work in the schema of a service that owns devices. Only ever added to. */
export const deviceWorkMigrations: readonly Migration[] = [
  {
    id: '0000-device-work-1',
    up: `
      CREATE TABLE device_commands (
        id text PRIMARY KEY,
        kind text NOT NULL,
        reply_ref jsonb NOT NULL,
        saga_id text,
        step text,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        outcome jsonb
      );
      CREATE TABLE device_operations (
        id text PRIMARY KEY,
        command_id text NOT NULL REFERENCES device_commands (id),
        part int NOT NULL,
        lane text NOT NULL,
        kind text NOT NULL,
        input jsonb NOT NULL,
        guards jsonb NOT NULL,
        progress jsonb NOT NULL DEFAULT '{}',
        turn int NOT NULL DEFAULT 0,
        note text,
        due_at timestamptz NOT NULL DEFAULT now(),
        deadline timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        outcome jsonb,
        UNIQUE (command_id, part)
      );
      CREATE INDEX device_operations_due ON device_operations (due_at) WHERE finished_at IS NULL;
      CREATE INDEX device_operations_lane ON device_operations (lane, due_at) WHERE finished_at IS NULL;
      CREATE TABLE device_lanes (
        lane text PRIMARY KEY,
        owner text NOT NULL,
        token bigint NOT NULL DEFAULT 1,
        leased_until timestamptz NOT NULL
      );
      CREATE TABLE open_calls (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        lane text NOT NULL,
        token bigint NOT NULL,
        owner text NOT NULL,
        guards jsonb NOT NULL,
        device text NOT NULL,
        verb text NOT NULL,
        target text NOT NULL,
        opened_at timestamptz NOT NULL DEFAULT now(),
        closed_at timestamptz,
        ended text
      );
      CREATE INDEX open_calls_open ON open_calls (lane) WHERE closed_at IS NULL;
      CREATE TABLE epoch_copies (
        subject text PRIMARY KEY,
        epoch bigint NOT NULL,
        raised_at timestamptz NOT NULL DEFAULT now()
      );
    `,
  },
];
