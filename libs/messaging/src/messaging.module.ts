import { readFileSync } from 'node:fs';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { CommandDefinition, ServiceName } from '@rackwright/contracts';
import type { Clock, RandomSource } from '@rackwright/kernel';
import type { MetricsRegistry } from '@rackwright/observability';
import type { Database } from '@rackwright/persistence';
import { CommandBus } from './command-bus.js';
import { EventBus } from './event-bus.js';
import { EventReader } from './event-reader.js';
import { Messaging, type MessagingOptions } from './messaging.js';
import type { MessagingLog } from './messaging-log.js';
import { NatsMessagingStrategy } from './nats-messaging.strategy.js';
import { OutcomeBus } from './outcome-bus.js';
import { QueryClient } from './query-client.js';

/** Offers the buses and clients of one {@link Messaging} to all modules, each under its own class. */
@Global()
@Module({})
export class MessagingModule {
  /** With options instead of a `Messaging` one is made. Closing is the strategy's affair. */
  static forService(options: MessagingOptions | Messaging): DynamicModule {
    const messaging = options instanceof Messaging ? options : new Messaging(options);
    const providers = [
      { provide: Messaging, useValue: messaging },
      { provide: CommandBus, useValue: messaging.commands },
      { provide: OutcomeBus, useValue: messaging.outcomes },
      { provide: EventBus, useValue: messaging.events },
      { provide: QueryClient, useValue: messaging.queries },
      { provide: EventReader, useValue: messaging.eventReader },
      { provide: NatsMessagingStrategy, useValue: new NatsMessagingStrategy(messaging) },
    ];
    return { module: MessagingModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}

/** What a host hands to {@link messagingTransport}. */
export interface TransportContext {
  readonly name: ServiceName;
  readonly version: string;
  readonly config: {
    readonly nats: { readonly url: string; readonly seedFile: string; readonly caFile?: string | undefined };
  };
  readonly parts: {
    readonly database: Database;
    readonly clock: Clock;
    readonly random: RandomSource;
    readonly logger: MessagingLogger;
    readonly metrics: MetricsRegistry;
  };
}

/** A logger in the way of pino: fields first. */
export interface MessagingLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Messaging as the transport of a service host: `transport: messagingTransport({ sends: [...] })`.
 */
export function messagingTransport(
  options: Partial<Pick<MessagingOptions, 'limits' | 'faults' | 'onParked'>> & {
    readonly sends?: readonly CommandDefinition[];
  } = {},
) {
  return ({ name, version, config, parts }: TransportContext) => {
    const { database, clock, random, metrics } = parts;
    const { url, seedFile, caFile } = config.nats;
    const messaging = new Messaging({
      ...options,
      service: name,
      version,
      database,
      clock,
      random,
      metrics,
      log: logTo(parts.logger),
      nats: { url, seed: readFileSync(seedFile, 'utf8').trim(), ...(caFile === undefined ? {} : { caFile }) },
    });
    return {
      module: MessagingModule.forService(messaging),
      strategy: new NatsMessagingStrategy(messaging),
      problem: () => (messaging.connected ? undefined : 'NATS cannot be reached'),
    };
  };
}

function logTo(logger: MessagingLogger): MessagingLog {
  return {
    info: (message, details = {}) => logger.info(details, message),
    warn: (message, details = {}) => logger.warn(details, message),
    error: (message, details = {}) => logger.error(details, message),
  };
}
