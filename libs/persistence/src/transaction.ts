import { AppError } from '@rackwright/kernel';
import type { PoolClient } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';

/** One open transaction. Usable only until the work it was given to returns. */
export interface Tx {
  /** Runs one statement. Pass jsonb values as `JSON.stringify(...)`: the driver turns bare arrays into SQL arrays. */
  query<R = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<R[]>;
  /** As `query`, parsed and planned once per connection. `name` stands for exactly this text, at most 63 bytes. */
  prepared<R = Record<string, unknown>>(name: string, sql: string, params: readonly unknown[]): Promise<R[]>;
  /** TypeORM on the same connection and in the same transaction, for repositories off the hot path. */
  readonly manager: EntityManager;
  /** Runs once COMMIT was acknowledged, never on rollback and never when the outcome is unknown. Must not throw. */
  afterCommit(run: () => void): void;
}

/** What {@link openManager} sets on TypeORM's query runner, so that it joins a transaction it did not start. */
interface JoinableRunner {
  databaseConnection: PoolClient;
  isTransactionActive: boolean;
  transactionDepth: number;
  isReleased: boolean;
}

/** The transaction as `Database` drives it. */
export class PgTransaction implements Tx {
  private runner: ({ manager: EntityManager } & JoinableRunner) | undefined;
  private readonly hooks: (() => void)[] = [];
  private ended = false;

  constructor(
    private readonly client: PoolClient,
    private readonly dataSource: DataSource,
  ) {}

  async query<R = Record<string, unknown>>(sql: string, params: readonly unknown[] = []): Promise<R[]> {
    this.assertOpen();
    const result = await this.client.query(sql, params as unknown[]);
    return result.rows as R[];
  }

  async prepared<R = Record<string, unknown>>(name: string, sql: string, params: readonly unknown[]): Promise<R[]> {
    this.assertOpen();
    const result = await this.client.query({ name, text: sql, values: params as unknown[] });
    return result.rows as R[];
  }

  /**
   * Made on first use only, because the hot path never touches TypeORM. The runner gets our connection and is told that
   * a transaction is open (depth 1), so TypeORM's own `transaction()` becomes a savepoint inside ours.
   */
  get manager(): EntityManager {
    this.assertOpen();
    this.runner ??= Object.assign(
      this.dataSource.createQueryRunner() as unknown as { manager: EntityManager } & JoinableRunner,
      { databaseConnection: this.client, isTransactionActive: true, transactionDepth: 1 },
    );
    return this.runner.manager;
  }

  afterCommit(run: () => void): void {
    this.assertOpen();
    this.hooks.push(run);
  }

  /** Ends the object (not the transaction); later use throws instead of writing on somebody else's transaction. */
  end(): readonly (() => void)[] {
    this.ended = true;
    if (this.runner) this.runner.isReleased = true;
    return this.hooks;
  }

  private assertOpen(): void {
    if (this.ended) {
      throw new AppError(
        'persistence.transaction-over',
        'the transaction is over: something was not awaited inside it',
      );
    }
  }
}
