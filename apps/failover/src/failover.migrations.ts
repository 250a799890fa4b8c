import type { Migration } from '@rackwright/persistence';

/** Tables of the failover service. Only ever added to. */
export const failoverMigrations: readonly Migration[] = [
  {
    id: '0001-fence-requests',
    up: `
      CREATE TABLE fence_requests (
        id text PRIMARY KEY,
        reply_ref jsonb NOT NULL,
        server_id text NOT NULL,
        reason text NOT NULL,
        actor text NOT NULL,
        deadline timestamptz NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now(),
        command_id text UNIQUE,
        finished_at timestamptz
      );
      CREATE INDEX fence_requests_due ON fence_requests (due_at) WHERE finished_at IS NULL AND command_id IS NULL;
    `,
  },
];
