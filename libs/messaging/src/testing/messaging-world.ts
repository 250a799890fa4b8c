import type { ServiceName } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import { Database, migrate } from '@rackwright/persistence';
import { freshDatabase, startNats, waitFor, type NatsServer, type TestDatabase } from '@rackwright/testing';
import type { HandlerRegistry } from '../handlers.js';
import type { MessagingLimits } from '../limits.js';
import { Messaging, type MessagingOptions } from '../messaging.js';
import type { MessagingLog } from '../messaging-log.js';
import { messagingMigrations } from '../messaging.migrations.js';
import { subjectPermissions, type ServiceMessages } from '../permissions.js';

/** Short enough for tests, long enough for a busy machine. */
export const TEST_LIMITS: Partial<MessagingLimits> = {
  receiptTimeoutMs: 1_000,
  retryBaseMs: 20,
  retryMaxMs: 300,
  sweepIntervalMs: 200,
};

/** One process of a service. */
export interface Replica {
  readonly messaging: Messaging;
  readonly database: Database;
  /** Warnings and errors it logged. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

export interface JoinOptions extends Partial<Omit<MessagingOptions, 'service' | 'database' | 'nats'>> {
  readonly register?: (registry: HandlerRegistry, database: Database) => void;
  /** SQL to run in the service's schema first; must bear repetition. */
  readonly tables?: string;
  /** Do not wait until NATS can be reached. */
  readonly offline?: boolean;
}

export class MessagingWorld {
  private readonly replicas = new Set<Replica>();

  private constructor(
    readonly nats: NatsServer,
    readonly databases: TestDatabase,
  ) {}

  static async start(services: readonly ServiceMessages[]): Promise<MessagingWorld> {
    const databases = await freshDatabase(...services.map(({ service }) => service));
    const users = services.map((messages) => ({
      name: messages.service,
      ...subjectPermissions(messages),
      allowResponses: true,
    }));
    const nats = await startNats({ users });
    for (const { service } of services) {
      await migrate(databases.url(service), { schema: service, migrations: messagingMigrations });
    }
    return new MessagingWorld(nats, databases);
  }

  /** Starts a replica of a service. */
  async join(service: ServiceName, options: JoinOptions = {}): Promise<Replica> {
    const { register, tables, offline = false, ...rest } = options;
    const database = await Database.open({
      url: this.databases.url(service),
      schema: service,
      applicationName: `${service}-spec`,
      poolMax: 6,
    });
    if (tables !== undefined) await database.query(tables);
    const lines: string[] = [];
    const messaging = new Messaging({
      service,
      version: '0.1.0',
      log: collect(lines),
      ...rest,
      database,
      nats: { url: this.nats.url, seed: this.nats.user(service).seed },
      limits: { ...TEST_LIMITS, ...rest.limits },
    });
    register?.(messaging.registry, database);
    messaging.start();
    const replica: Replica = {
      messaging,
      database,
      log: lines,
      close: async () => {
        if (!this.replicas.delete(replica)) return;
        await messaging.close();
        await database.close();
      },
    };
    this.replicas.add(replica);
    if (!offline) await waitFor(() => messaging.connected, { what: `${service} to reach NATS` });
    return replica;
  }

  /** Ends everything this world started. */
  async close(): Promise<void> {
    await this.leave();
    await this.nats.destroy();
    await this.databases.drop();
  }

  /** Ends all replicas; servers and data stay. */
  async leave(): Promise<void> {
    await Promise.all([...this.replicas].map((replica) => replica.close()));
  }
}

/** A number that a query gives in its first column called `n`. */
export async function countOf(database: Database, sql: string, params: readonly unknown[] = []): Promise<number> {
  const [row] = await database.query<{ n: number }>(sql, params);
  if (row === undefined) throw new AppError('testing.no-row', `no row: ${sql}`);
  return Number(row.n);
}

function collect(lines: string[]): MessagingLog {
  const add = (level: string) => (message: string, details?: Record<string, unknown>) =>
    void lines.push(`${level} ${message} ${details === undefined ? '' : JSON.stringify(details)}`);
  return { info: () => undefined, warn: add('warn'), error: add('error') };
}
