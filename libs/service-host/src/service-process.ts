import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Module, type DynamicModule, type INestApplication, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AppError,
  IdFactory,
  isAppError,
  messageOf,
  SystemClock,
  SystemRandom,
  type Clock,
  type RandomSource,
} from '@rackwright/kernel';
import {
  createLogger,
  metrics as processMetrics,
  showOtelMetrics,
  startExport,
  type ExportHandle,
  type Logger,
  type MetricsRegistry,
} from '@rackwright/observability';
import { messagingTransport } from '@rackwright/messaging';
import { Database, migrate } from '@rackwright/persistence';
import { HealthBoard } from './health-board.js';
import { HealthServer } from './health-server.js';
import { NestLogger } from './nest-logger.js';
import type { ServiceDefinition, Transport, TransportFactory } from './service-definition.js';
import { ServiceHostModule, type HostParts } from './service-host.module.js';
import type { ServiceConfig } from './service.config.js';

export interface ProcessOptions {
  readonly config: ServiceConfig;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly metrics?: MetricsRegistry;
}

export type ServiceApp = INestApplication | INestMicroservice;

/** Errors that more waiting will not cure: the process ends with them, so that a person looks. */
const FATAL_CODES = [
  'persistence.migration-changed',
  'persistence.migration-failed',
  'persistence.migration-duplicate',
];
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 3_000;
/** Parts of the 2 s a service has to end: the application first, then its connections. */
const APP_CLOSE_MS = 1_200;
const DATABASE_CLOSE_MS = 300;
const EXPORT_CLOSE_MS = 200;

/** One service in this process, from the first socket to the last. */
export class ServiceProcess {
  /** The application, once it listens for messages; rejects with what makes starting pointless. */
  readonly started: Promise<ServiceApp>;
  private readonly stop = new AbortController();
  private readonly closers: (() => Promise<unknown>)[] = [];
  private phase: 'starting' | 'running' | 'stopping' = 'starting';
  private waitingFor: string | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly definition: ServiceDefinition,
    private readonly options: ProcessOptions,
    private readonly base: Omit<HostParts, 'database'>,
    readonly health: HealthServer,
  ) {
    this.started = this.boot();
    // Whoever awaits `started` gets the error; nobody awaiting it must not end the process.
    this.started.catch(() => undefined);
  }

  /** Returns as soon as `/healthz` answers; {@link started} tells the rest. */
  static async start(definition: ServiceDefinition, options: ProcessOptions): Promise<ServiceProcess> {
    const { name, version } = definition;
    const { config } = options;
    const clock = options.clock ?? new SystemClock();
    const random = options.random ?? new SystemRandom();
    const metrics = options.metrics ?? processMetrics;
    const logger = options.logger ?? createLogger({ service: name, level: config.logLevel });
    const board = new HealthBoard(clock);
    showOtelMetrics(metrics);
    const health = await HealthServer.start({ ...config.health, service: name, version, board, metrics });
    logger.info({ event: 'listening', health: health.url, port: health.port, version }, 'listening');
    const base = { clock, random, metrics, logger, board, ids: new IdFactory(clock, random) };
    return new ServiceProcess(definition, options, base, health);
  }

  /** Where `/healthz`, `/readyz` and `/metrics` are. */
  get url(): string {
    return this.health.url;
  }

  /** Ends everything in order, within 2 s. Repeatable. What is not finished is in PostgreSQL. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async boot(): Promise<ServiceApp> {
    const { definition, base } = this;
    base.board.add('service', () => this.describePhase());
    this.registerMetrics();
    const exporter = await startExport(definition);
    if (exporter) this.onClose((handle: ExportHandle) => handle.stop(EXPORT_CLOSE_MS), exporter);
    const database = await this.untilDatabase();
    this.onClose((open: Database) => open.close(DATABASE_CLOSE_MS), database);
    base.board.add('database', async () => (await database.problem())?.message);
    this.registerPoolMetrics(database);
    const parts: HostParts = { ...base, database };
    const { name, version, sends = [] } = definition;
    const makeTransport: TransportFactory = definition.transport ?? messagingTransport({ sends });
    const transport = await makeTransport({ name, version, config: this.options.config, parts });
    base.board.add('nats', () => transport.problem());
    const app = await this.startNest(parts, transport);
    if (this.phase === 'starting') this.phase = 'running';
    base.logger.info({ event: 'started' }, 'started');
    return app;
  }

  private describePhase(): string | undefined {
    return this.phase === 'running' ? undefined : (this.waitingFor ?? this.phase);
  }

  /** Migrates and opens the database, for as long as it takes it to come. */
  private async untilDatabase(): Promise<Database> {
    const { name, migrations, entities } = this.definition;
    const { url, role, schema = name, poolMax } = this.options.config.database;
    const { clock, random, logger } = this.base;
    for (let failures = 0; ; failures++) {
      this.assertNotStopping();
      try {
        const applied = await migrate(url, { schema, migrations });
        const isNew = applied.filter((migration) => migration.isNew).map(({ id }) => id);
        if (isNew.length > 0) logger.info({ migrations: isNew }, 'migrations applied');
        this.waitingFor = undefined;
        return await Database.open({
          url,
          schema,
          poolMax,
          clock,
          random,
          applicationName: name,
          ...(role === undefined ? {} : { role }),
          ...(entities === undefined ? {} : { entities }),
          onBackgroundError: (err, what) => logger.warn({ err }, what),
        });
      } catch (error) {
        if (FATAL_CODES.some((code) => isAppError(error, code))) throw error;
        this.waitingFor = `waiting for the database: ${messageOf(error)}`;
        // Said at once, then ever more rarely: the log of an outage must stay readable.
        if ((failures & (failures - 1)) === 0) logger.warn({ err: error, failures: failures + 1 }, this.waitingFor);
        const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10)) * (0.5 + random.next() / 2);
        await clock.sleep(delayMs, this.stop.signal);
      }
    }
  }

  private async startNest(parts: HostParts, transport: Transport): Promise<ServiceApp> {
    const { modules, http } = this.definition;
    const own = typeof modules === 'function' ? modules({ ...parts, config: this.options.config }) : modules;
    const root: DynamicModule = {
      module: RootModule,
      imports: [ServiceHostModule.for(parts), transport.module, ...own],
    };
    const logger = new NestLogger(parts.logger);
    const settings = { logger, abortOnError: false } as const;
    this.assertNotStopping();
    if (http === undefined) {
      const app = await NestFactory.createMicroservice(root, { ...settings, strategy: transport.strategy });
      this.onClose((running: ServiceApp) => running.close(), app);
      await app.listen();
      return app;
    }
    const app = await NestFactory.create(root, settings);
    this.onClose((running: ServiceApp) => running.close(), app);
    app.connectMicroservice({ strategy: transport.strategy }, { inheritAppConfig: false });
    await http.configure?.(app);
    await app.startAllMicroservices();
    await app.listen(http.port, http.host);
    return app;
  }

  private registerMetrics(): void {
    const { metrics } = this.base;
    const { name: service, version } = this.definition;
    metrics.gauge({ name: 'build_info', help: 'The running build.' }).set(1, { service, version });
    const memory = metrics.gauge({ name: 'process_resident_bytes', help: 'Resident memory.' });
    const stopMemory = memory.onScrape(() => memory.set(process.memoryUsage.rss()));
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    const lag = metrics.gauge({
      name: 'event_loop_lag_seconds_max',
      help: 'Worst event loop delay since the last scrape.',
    });
    const stopLag = lag.onScrape(() => {
      lag.set(delay.count === 0 ? 0 : delay.max / 1e9);
      delay.reset();
    });
    this.closers.push(() => {
      delay.disable();
      stopMemory();
      stopLag();
      return Promise.resolve();
    });
  }

  private registerPoolMetrics(database: Database): void {
    const pool = this.base.metrics.gauge({
      name: 'db_connections',
      help: 'Database connections of the pool, by state.',
    });
    const service = this.definition.name;
    const stop = pool.onScrape(() => {
      const { total, idle, waiting } = database.poolUse;
      pool.set(total - idle, { service, state: 'busy' });
      pool.set(idle, { service, state: 'idle' });
      pool.set(waiting, { service, state: 'waited-for' });
    });
    this.closers.push(() => Promise.resolve(stop()));
  }

  private onClose<Part>(close: (part: Part) => Promise<unknown>, part: Part): void {
    this.closers.push(() => close(part));
  }

  private assertNotStopping(): void {
    if (this.stop.signal.aborted)
      throw new AppError('service.stopping', 'the service was told to stop while it started');
  }

  /** Last made, first closed; each part gets its time, and one that fails does not keep the others from closing. */
  private async closeAll(): Promise<void> {
    const { logger, clock } = this.base;
    this.phase = 'stopping';
    this.waitingFor = undefined;
    this.stop.abort();
    const abort = new AbortController();
    const late = clock.sleep(APP_CLOSE_MS, abort.signal).catch(() => undefined);
    await Promise.race([this.started.catch(() => undefined), late]);
    for (const close of this.closers.reverse()) {
      await Promise.race([close().catch((err: unknown) => logger.warn({ err }, 'while stopping')), late]);
    }
    abort.abort();
    await this.health.close();
    logger.info({ event: 'stopped' }, 'stopped');
  }
}

@Module({})
class RootModule {}
