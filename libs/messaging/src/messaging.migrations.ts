import type { Migration } from '@rackwright/persistence';

/**
 * The tables of this library, one set in the schema of every service; run before the service's own migrations.
 * - `messaging_outbox`: commands and outcomes to send. A command's row goes with its receipt; an outcome's row stays for
 *   the inbox retention, because a repeated command is answered from it.
 * - `messaging_inbox`: what was taken, written in the transaction of the effect.
 * - `messaging_failure`: handler failures so far of messages not yet taken.
 * - `messaging_parked`: what needs a person, with its evidence.
 * - `messaging_waiting`: asks whose outcome someone waits for.
 * - `messaging_event`: events, kept for a while to refill the stream.
 */
export const messagingMigrations: readonly Migration[] = [
  {
    id: '0000-messaging-1',
    up: `
      CREATE TABLE messaging_outbox (
        message_id text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('command', 'outcome')),
        subject text NOT NULL,
        item text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        next_attempt_at timestamptz NOT NULL,
        finished_at timestamptz
      );
      CREATE INDEX messaging_outbox_due ON messaging_outbox (next_attempt_at) WHERE finished_at IS NULL;
      CREATE INDEX messaging_outbox_finished ON messaging_outbox USING brin (finished_at);

      CREATE TABLE messaging_inbox (
        consumer text COLLATE "C" NOT NULL,
        message_id text COLLATE "C" NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, message_id)
      );
      CREATE INDEX messaging_inbox_taken ON messaging_inbox USING brin (taken_at);

      CREATE TABLE messaging_failure (
        consumer text NOT NULL,
        message_id text NOT NULL,
        attempts integer NOT NULL,
        last_error text NOT NULL,
        last_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, message_id)
      );

      CREATE TABLE messaging_parked (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        side text NOT NULL CHECK (side IN ('received', 'sent')),
        consumer text NOT NULL,
        message_id text NOT NULL,
        subject text NOT NULL,
        code text NOT NULL,
        error text NOT NULL,
        attempts integer NOT NULL,
        raw bytea NOT NULL,
        parked_at timestamptz NOT NULL DEFAULT now(),
        settled_at timestamptz,
        UNIQUE (side, consumer, message_id)
      );

      CREATE TABLE messaging_waiting (
        message_id text PRIMARY KEY,
        expires_at timestamptz NOT NULL,
        outcome text
      );

      CREATE TABLE messaging_event (
        event_id text COLLATE "C" PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        subject text NOT NULL,
        headers text NOT NULL,
        body text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        emitted_at timestamptz NOT NULL DEFAULT now(),
        next_attempt_at timestamptz NOT NULL,
        published_at timestamptz,
        stream_seq bigint
      );
      CREATE INDEX messaging_event_due ON messaging_event (position) WHERE published_at IS NULL;
      CREATE INDEX messaging_event_seq ON messaging_event (stream_seq) WHERE published_at IS NOT NULL;
      CREATE INDEX messaging_event_emitted ON messaging_event USING brin (emitted_at);
    `,
  },
];
