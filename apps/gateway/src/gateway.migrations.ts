import type { Migration } from '@rackwright/persistence';

/** Tables of the gateway: who may come in, and what was answered to whom. Only ever added to. */
export const gatewayMigrations: readonly Migration[] = [
  {
    id: '0001-access',
    up: `
      CREATE TABLE users (
        id text PRIMARY KEY,
        username text NOT NULL UNIQUE,
        role text NOT NULL,
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL
      );
      CREATE TABLE sessions (
        token_hash text PRIMARY KEY,
        user_id text NOT NULL REFERENCES users (id),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX sessions_expiry ON sessions (expires_at);
      CREATE TABLE tokens (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        role text NOT NULL,
        token_hash text NOT NULL UNIQUE,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz
      );
      CREATE TABLE login_attempts (
        subject text PRIMARY KEY,
        failures int NOT NULL,
        last_at timestamptz NOT NULL,
        blocked_until timestamptz NOT NULL
      );
    `,
  },
  {
    id: '0002-idempotency-and-documents',
    up: `
      CREATE TABLE idempotency_keys (
        actor text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        status int,
        answer jsonb,
        started_at timestamptz NOT NULL,
        PRIMARY KEY (actor, key)
      );
      CREATE INDEX idempotency_keys_age ON idempotency_keys (started_at);
      CREATE TABLE applied_documents (
        kind text NOT NULL,
        name text NOT NULL,
        spec jsonb NOT NULL,
        applied_at timestamptz NOT NULL,
        PRIMARY KEY (kind, name)
      );
    `,
  },
];
