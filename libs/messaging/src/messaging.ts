import { subjectsOf, type CommandDefinition, type ServiceName } from '@rackwright/contracts';
import { IdFactory, messageOf, SystemClock, SystemRandom, type Clock, type RandomSource } from '@rackwright/kernel';
import type { MetricsRegistry } from '@rackwright/observability';
import type { Database } from '@rackwright/persistence';
import type { NatsConnection } from '@nats-io/nats-core';
import { CommandBus } from './command-bus.js';
import { CommandTaker } from './command-taker.js';
import type { EventBus } from './event-bus.js';
import type { EventReader } from './event-reader.js';
import { EventSide } from './event-side.js';
import { FaultGate } from './fault-gate.js';
import type { ParkedNotice, TakerParts } from './group-taker.js';
import { HandlerRegistry } from './handlers.js';
import { InboxStore } from './inbox.store.js';
import { Intake } from './intake.js';
import { DEFAULT_LIMITS, type MessagingLimits } from './limits.js';
import type { MessageFaults } from './message-faults.js';
import { SILENT_LOG, type MessagingLog } from './messaging-log.js';
import { MessagingMetrics } from './messaging-metrics.js';
import { NatsLink, type NatsConnectionOptions } from './nats-link.js';
import { OutboxSender } from './outbox-sender.js';
import { OutboxStore } from './outbox.store.js';
import { OutcomeBus } from './outcome-bus.js';
import { OutcomeTaker } from './outcome-taker.js';
import { QueryClient } from './query-client.js';
import { QueryService } from './query-service.js';
import { Sweeper } from './sweeper.js';
import { Waiters } from './waiters.js';

export interface MessagingOptions {
  readonly service: ServiceName;
  /** SemVer of the build, shown by service discovery. */
  readonly version: string;
  readonly database: Database;
  readonly nats: NatsConnectionOptions;
  /** Commands this service sends: their outcomes are checked against the contract. */
  readonly sends?: readonly CommandDefinition[];
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly limits?: Partial<MessagingLimits>;
  readonly log?: MessagingLog;
  readonly faults?: MessageFaults;
  /** Default: the registry of the process. */
  readonly metrics?: MetricsRegistry;
  /** Told of everything that was parked on either side. */
  readonly onParked?: (parked: ParkedNotice) => void;
}

const SWEEP_ROWS = 500;

/**
 * Messaging of one process, without Nest: register handlers in `registry`, then `start()`. Everything may be used before
 * NATS can be reached: rows wait in PostgreSQL.
 */
export class Messaging {
  readonly registry: HandlerRegistry;
  readonly commands: CommandBus;
  readonly outcomes: OutcomeBus;
  readonly events: EventBus;
  readonly queries: QueryClient;
  readonly eventReader: EventReader;
  readonly link: NatsLink;
  private readonly clock: Clock;
  private readonly random: RandomSource;
  private readonly log: MessagingLog;
  private readonly limits: MessagingLimits;
  private readonly metrics: MessagingMetrics;
  private readonly outbox: OutboxStore;
  private readonly inbox: InboxStore;
  private readonly sender: OutboxSender;
  private readonly waiters: Waiters;
  private readonly sweeper: Sweeper;
  private readonly housekeeper: Sweeper;
  private readonly commandIntake: Intake;
  private readonly outcomeIntake: Intake;
  private readonly eventSide: EventSide;
  private readonly queryService: QueryService;
  private isStarted = false;
  private isClosed = false;

  constructor(private readonly options: MessagingOptions) {
    const { service, database } = options;
    this.clock = options.clock ?? new SystemClock();
    this.random = options.random ?? new SystemRandom();
    this.log = options.log ?? SILENT_LOG;
    this.metrics = new MessagingMetrics(options.metrics);
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { clock, random, log, limits, metrics } = this;
    const faults = new FaultGate(options.faults, clock);
    this.registry = new HandlerRegistry(service);
    this.link = new NatsLink({ ...options.nats, service, clock, random, log });
    this.outbox = new OutboxStore(database);
    this.inbox = new InboxStore(database);
    this.waiters = new Waiters(database, clock, log);
    this.sweeper = new Sweeper(() => this.sweep(), {
      clock,
      intervalMs: limits.sweepIntervalMs,
      log,
      name: 'outbox sweeper',
    });
    this.housekeeper = new Sweeper(() => this.keepHouse(), {
      clock,
      intervalMs: limits.housekeepingIntervalMs,
      log,
      name: 'housekeeping of messages',
    });
    this.sender = this.makeSender(faults);
    this.outcomes = new OutcomeBus(service, this.sender, limits);
    const ids = new IdFactory(clock, random);
    this.commands = new CommandBus({ service, database, sender: this.sender, waiters: this.waiters, ids, limits });
    const takerParts: TakerParts = {
      database,
      inbox: this.inbox,
      limits,
      log,
      metrics,
      onParked: (parked) => options.onParked?.(parked),
    };
    const intakeParts = { limits, log, metrics, faults };
    this.commandIntake = new Intake(
      new CommandTaker(this.registry, this.outcomes, this.sender, takerParts),
      intakeParts,
    );
    this.outcomeIntake = new Intake(
      new OutcomeTaker(
        this.registry,
        this.waiters,
        options.sends ?? [],
        (commandIds) => this.hint(commandIds),
        takerParts,
      ),
      intakeParts,
    );
    this.queries = new QueryClient(this.link);
    this.queryService = new QueryService({ service, version: options.version, registry: this.registry, log });
    this.eventSide = new EventSide({
      ...takerParts,
      service,
      link: this.link,
      clock,
      random,
      ids,
      faults,
      registry: this.registry,
    });
    this.events = this.eventSide.bus;
    this.eventReader = this.eventSide.reader;
  }

  private makeSender(faults: FaultGate): OutboxSender {
    const { clock, random, log, limits, metrics } = this;
    return new OutboxSender({
      link: this.link,
      store: this.outbox,
      limits,
      random,
      log,
      metrics,
      faults,
      monotonicMs: () => clock.monotonicMs(),
      onPostponed: (delayMs) => this.sweeper.wake(delayMs),
      onParked: (entries, subject) =>
        entries.forEach(({ id, code, message }) => this.parkedSent(subject, id, code, message)),
    });
  }

  /** Connects (and keeps trying), listens for everything that has a handler, and starts the sweeper. Returns at once. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.link.onUp((connection, fresh) => this.wentUp(connection, fresh));
    this.link.start();
    this.housekeeper.start();
  }

  /** True while NATS can be reached. */
  get connected(): boolean {
    return this.link.up;
  }

  /** Finishes what is in hand, then disconnects. Nothing unfinished is lost: it is in PostgreSQL. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.waiters.close();
    await Promise.all([this.sweeper.stop(), this.housekeeper.stop()]);
    await Promise.all([this.queryService.close(), this.eventSide.close()]);
    await Promise.all([this.commandIntake.close(), this.outcomeIntake.close()]);
    await this.sender.close();
    await this.link.current?.flush().catch(() => undefined);
    await this.link.close();
  }

  private wentUp(connection: NatsConnection, fresh: boolean): void {
    const { service } = this.options;
    if (fresh) {
      // All versions and names, known or not: silence would make senders repeat an unknown one for ever.
      if (this.registry.commands.size > 0)
        this.commandIntake.subscribe(connection, subjectsOf('cmd', service), service);
      this.outcomeIntake.subscribe(connection, subjectsOf('out', service), service);
      this.listenForHints(connection);
      void this.queryService.start(connection);
    }
    this.eventSide.listen(connection);
    // Whatever was in flight is gone, here or there; repeats are harmless.
    Promise.all([this.outbox.expedite(), this.eventSide.resume()])
      .catch((error: unknown) => this.log.warn(`after connecting: ${messageOf(error)}`))
      .finally(() => {
        if (this.isClosed) return;
        this.sweeper.start();
        this.eventSide.startSweeping();
      });
  }

  private async sweep(): Promise<boolean> {
    const limit = Math.min(SWEEP_ROWS, this.sender.room);
    if (!this.link.up || limit <= 0) return false;
    const rows = await this.outbox.claim(limit, this.sender.leaseMs);
    this.sender.send(rows);
    return rows.length === limit;
  }

  private async keepHouse(): Promise<boolean> {
    this.metrics.backlog(await this.outbox.backlog());
    await this.inbox.forget({ inbox: this.limits.inboxRetentionMs, events: this.limits.eventRetentionMs });
    return false;
  }

  private parkedSent(subject: string, messageId: string, code: string, error: string): void {
    this.metrics.parked(code);
    this.log.error(`a message was refused for good and is parked: ${error}`, { subject, messageId, code });
    this.options.onParked?.({ side: 'sent', subject, messageId, code, error });
  }

  private get hintSubject(): string {
    return `_INBOX.${this.options.service}.answered`;
  }

  private hint(commandIds: readonly string[]): void {
    this.link.current?.publish(this.hintSubject, JSON.stringify(commandIds));
  }

  private listenForHints(connection: NatsConnection): void {
    connection.subscribe(this.hintSubject, {
      callback: (error, message) => {
        if (error) return;
        const ids: unknown = JSON.parse(message.string());
        if (Array.isArray(ids)) this.waiters.hint(ids.filter((id): id is string => typeof id === 'string'));
      },
    });
  }
}
