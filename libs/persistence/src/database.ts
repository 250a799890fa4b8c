import 'reflect-metadata';
import { AppError, SystemClock, SystemRandom } from '@rackwright/kernel';
import { metrics, withSpan } from '@rackwright/observability';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { connectError, describeUrl, endsSession, isRetryable, PERSISTENCE_ERRORS, sqlStateOf } from './errors.js';
import { DEFAULTS, type DatabaseOptions } from './options.js';
import { quoteIdentifier } from './sql.js';
import { PgTransaction, type Tx } from './transaction.js';
import { typeParsers } from './type-parsers.js';

/** A connection on loan from the pool, and whether its link to the server broke meanwhile. */
interface Loan {
  readonly client: pg.PoolClient;
  lost: boolean;
  /** Give it back; with `broken` the connection is closed instead of reused. */
  release(broken: boolean): void;
}

/**
 * The database of one service: a pool of connections signed in as its own role, shared by TypeORM and by plain SQL.
 * Survives the server going away: every call fails with a clear code while it is gone and works again when it is back.
 */
export class Database {
  private readonly loans = new Set<Loan>();
  private closing = false;

  private constructor(
    readonly dataSource: DataSource,
    private readonly options: DatabaseOptions,
  ) {}

  /** Connects once to prove that it can. Throws `persistence.unreachable`, `.wrong-password`, `.missing-database`... */
  static async open(options: DatabaseOptions): Promise<Database> {
    const dataSource = new DataSource(dataSourceOptions(options));
    try {
      await dataSource.initialize();
    } catch (error) {
      throw connectError(error, options.url);
    }
    return new Database(dataSource, options);
  }

  /** Connections now, for metrics. */
  get poolUse(): { readonly total: number; readonly idle: number; readonly waiting: number; readonly max: number } {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount, max: this.poolMax };
  }

  /**
   * Runs `work` in one transaction (read committed). When the server aborts it for a deadlock or a serialization
   * conflict, `work` runs again from its start, so it must do nothing outside of `tx` except through `afterCommit`.
   *
   * @throws AppError `persistence.commit-unknown` when the connection broke while COMMIT was in flight;
   * `persistence.connection-lost` when it broke before; whatever `work` throws, after ROLLBACK.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const startedMs = this.clock.monotonicMs();
    try {
      return await withSpan('db transaction', { kind: 'client', attributes: SPAN_ATTRIBUTES }, () => this.repeat(work));
    } finally {
      const application = this.options.applicationName;
      transactionSeconds.record((this.clock.monotonicMs() - startedMs) / 1_000, { application });
    }
  }

  /**
   * Runs one statement outside of any transaction (autocommit).
   *
   * @throws AppError `persistence.commit-unknown` when the connection broke meanwhile: a write may have taken effect.
   */
  async query<R = Record<string, unknown>>(sql: string, params: readonly unknown[] = []): Promise<R[]> {
    return this.onLoan(async (client) => (await client.query(sql, params as unknown[])).rows as R[]);
  }

  /** As {@link query}, parsed and planned once per connection. */
  async prepared<R = Record<string, unknown>>(name: string, sql: string, params: readonly unknown[]): Promise<R[]> {
    return this.onLoan(
      async (client) => (await client.query({ name, text: sql, values: params as unknown[] })).rows as R[],
    );
  }

  /** True when the server answers a statement now. Never throws; takes at most the connect timeout. */
  async healthy(): Promise<boolean> {
    return (await this.problem()) === undefined;
  }

  /** Why the database cannot be used now; undefined when it can. */
  async problem(): Promise<AppError | undefined> {
    try {
      await this.query('select 1');
      return undefined;
    } catch (error) {
      return error instanceof AppError ? error : connectError(error, this.options.url);
    }
  }

  /** Ends all connections. Transactions still open get `withinMs` (default 1 s) to end, then their connections are cut. */
  async close(withinMs = 1_000): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    const cut = this.clock.setTimer(withinMs, () => this.loans.forEach((loan) => cutConnection(loan.client)));
    await this.dataSource.destroy();
    cut.cancel();
  }

  private get pool(): pg.Pool {
    return (this.dataSource.driver as unknown as { master: pg.Pool }).master;
  }

  private get poolMax(): number {
    return this.options.poolMax ?? DEFAULTS.poolMax;
  }

  private get clock() {
    return this.options.clock ?? systemClock;
  }

  private get random() {
    return this.options.random ?? systemRandom;
  }

  private async repeat<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const attemptsMax = this.options.attemptsMax ?? DEFAULTS.attemptsMax;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt >= attemptsMax || !isRetryable(error)) throw error;
        transactionRepeats.add(1, { application: this.options.applicationName });
        // Full jitter: two transactions that met once should not meet again at the same moment.
        await this.clock.sleep(this.random.next() * 10 * 2 ** attempt);
      }
    }
  }

  private async attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const loan = await this.borrow();
    const tx = new PgTransaction(loan.client, this.dataSource);
    let result: T;
    try {
      await loan.client.query('BEGIN');
      result = await work(tx);
    } catch (error) {
      tx.end();
      await this.rollback(loan, error);
      throw this.translate(error, loan);
    }
    const hooks = tx.end();
    await this.commit(loan);
    hooks.forEach((hook) => this.runHook(hook));
    return result;
  }

  private async commit(loan: Loan): Promise<void> {
    if (loan.lost) {
      loan.release(true);
      throw this.lostError(undefined);
    }
    let outcome: string;
    try {
      outcome = (await loan.client.query('COMMIT')).command;
    } catch (error) {
      const refused = sqlStateOf(error) !== undefined && !endsSession(error) && !loan.lost;
      loan.release(true);
      // A deferred constraint or a serialization failure is a plain no. Anything else may have happened or not.
      if (refused) throw error;
      throw this.unknownError(error, 'COMMIT');
    }
    loan.release(false);
    if (outcome !== 'COMMIT') {
      throw new AppError(
        PERSISTENCE_ERRORS.rolledBack,
        'nothing was committed: a statement had failed and its error was swallowed inside the transaction',
      );
    }
  }

  /** A rollback that fails means a dead connection, and the server rolls back by itself; the first error is the one to tell. */
  private async rollback(loan: Loan, error: unknown): Promise<void> {
    // Behind a statement that never answers, ROLLBACK would wait as long again.
    const cut = this.clock.setTimer(ROLLBACK_WITHIN_MS, () => cutConnection(loan.client));
    const isReusable =
      !loan.lost &&
      !endsSession(error) &&
      sqlStateOf(error) !== '0A000' &&
      (await loan.client.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
    cut.cancel();
    loan.release(!isReusable);
  }

  private async onLoan<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const loan = await this.borrow();
    try {
      const result = await use(loan.client);
      loan.release(false);
      return result;
    } catch (error) {
      // An error of the server leaves the session usable; a broken link, or a statement without an answer, does not.
      const isUnanswered = sqlStateOf(error) === undefined && isBusy(loan.client);
      const isUnknown = loan.lost || endsSession(error) || isUnanswered;
      loan.release(isUnknown);
      throw isUnknown ? this.unknownError(error, 'a statement') : error;
    }
  }

  private async borrow(): Promise<Loan> {
    if (this.closing) throw new AppError(PERSISTENCE_ERRORS.closed, 'the database was closed');
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw this.borrowError(error);
    }
    const loan: Loan = { client, lost: false, release: () => undefined };
    const onError = (): void => void (loan.lost = true);
    client.on('error', onError);
    loan.release = (broken) => {
      loan.release = () => undefined;
      client.removeListener('error', onError);
      this.loans.delete(loan);
      client.release(broken);
    };
    this.loans.add(loan);
    return loan;
  }

  private borrowError(error: unknown): AppError {
    const busy = this.loans.size >= this.poolMax && sqlStateOf(error) === undefined;
    if (!busy) return connectError(error, this.options.url);
    return new AppError(
      PERSISTENCE_ERRORS.poolExhausted,
      `all ${this.poolMax} database connections stayed busy for the whole wait`,
      { cause: error, details: { poolMax: this.poolMax, waiting: this.pool.waitingCount } },
    );
  }

  private translate(error: unknown, loan: Loan): unknown {
    if (error instanceof AppError) return error;
    return loan.lost || endsSession(error) ? this.lostError(error) : error;
  }

  private unknownError(cause: unknown, what: string): AppError {
    commitsUnknown.add(1, { application: this.options.applicationName });
    return new AppError(
      PERSISTENCE_ERRORS.commitUnknown,
      `the connection broke while ${what} was in flight: read by key what is there before going on`,
      { cause, details: { where: describeUrl(this.options.url) } },
    );
  }

  private lostError(cause: unknown): AppError {
    return new AppError(
      PERSISTENCE_ERRORS.connectionLost,
      'the connection to PostgreSQL was lost; nothing was committed',
      {
        ...(cause === undefined ? {} : { cause }),
        details: { where: describeUrl(this.options.url) },
      },
    );
  }

  private runHook(hook: () => void): void {
    try {
      hook();
    } catch (error) {
      // The transaction is committed: an exception here must not tell the caller otherwise.
      this.options.onBackgroundError?.(error, 'after-commit hook');
    }
  }
}

const ROLLBACK_WITHIN_MS = 2_000;
const transactionSeconds = metrics.histogram({
  name: 'db_transaction_seconds',
  help: 'Transactions, with their repeats.',
});
const transactionRepeats = metrics.counter({
  name: 'db_transaction_repeats_total',
  help: 'Transactions run again after a deadlock or a serialization conflict.',
});
const commitsUnknown = metrics.counter({
  name: 'db_commit_unknown_total',
  help: 'Writes whose outcome nobody knows because the connection broke.',
});
const systemClock = new SystemClock();
const systemRandom = new SystemRandom();
const SPAN_ATTRIBUTES = { 'db.system.name': 'postgresql' };

/** True while a statement has not been answered. */
function isBusy(client: pg.PoolClient): boolean {
  return !(client as unknown as { readyForQuery: boolean }).readyForQuery;
}

/** Cuts the socket under a connection: the only way to end a statement that does not come back. */
function cutConnection(client: pg.PoolClient): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

function dataSourceOptions(options: DatabaseOptions): ConstructorParameters<typeof DataSource>[0] {
  const statementTimeoutMs = options.statementTimeoutMs ?? DEFAULTS.statementTimeoutMs;
  // Session settings travel in the startup packet: no extra round trip, and no window in which they do not hold yet.
  const settings = [
    `search_path=${quoteIdentifier(options.schema)}`,
    ...(options.role ? [`role=${options.role}`] : []),
  ];
  return {
    type: 'postgres',
    driver: pg,
    url: options.url,
    schema: options.schema,
    entities: [...(options.entities ?? [])],
    applicationName: options.applicationName,
    poolSize: options.poolMax ?? DEFAULTS.poolMax,
    connectTimeoutMS: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    installExtensions: false,
    logging: false,
    poolErrorHandler: (error: unknown) => options.onBackgroundError?.(error, 'idle database connection'),
    extra: {
      types: typeParsers,
      keepAlive: true,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? DEFAULTS.idleInTransactionTimeoutMs,
      // The server's own timeout answers first; this one ends waits on a server that is gone without a word.
      query_timeout: statementTimeoutMs + 5_000,
      options: settings.map((setting) => `-c ${setting.replace(/[\\ ]/g, '\\$&')}`).join(' '),
    },
  };
}
