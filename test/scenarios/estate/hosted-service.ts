import type { ServiceName } from '@rackwright/contracts';
import type { Messaging, NatsMessagingStrategy } from '@rackwright/messaging';
import { createLogger, MetricsRegistry } from '@rackwright/observability';
import { buildService, type BuiltService, type ServiceDefinition } from '@rackwright/service-host';
import { TcpProxy, urlOf } from '@rackwright/testing';
import type { MessagingSeam } from './messaging-seam.js';

/** What a service needs to know of the estate it runs in. */
export interface Surroundings {
  readonly databaseUrl: string;
  readonly databasePort: number;
  readonly natsUrl: string;
  readonly seedFile: string;
  readonly seam: MessagingSeam;
  readonly log: string[];
}

const LOG_LINES_MAX = 2_000;

/**
 * One service of an estate, hosted in this process. It reaches its database through a proxy of its own, so that it can
 * be ended as a killed process is: from one moment to the next nothing it does is remembered or answered any more, while
 * device calls under way go on, as packets on the wire do.
 */
export class HostedService {
  private running: { readonly built: BuiltService; readonly proxy: TcpProxy } | undefined;

  constructor(
    readonly name: ServiceName,
    private readonly define: () => ServiceDefinition,
    private readonly surroundings: Surroundings,
  ) {}

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** The Nest application, to ask for providers. */
  get app(): BuiltService['app'] {
    if (!this.running) throw new Error(`${this.name} does not run`);
    return this.running.built.app;
  }

  /** A new instance on the same database: what a new process would be. */
  async start(): Promise<void> {
    const { databaseUrl, databasePort, natsUrl, seedFile, log } = this.surroundings;
    const proxy = await TcpProxy.start({ targetPort: databasePort });
    const starting = buildService(this.withSeam(this.define()), {
      metrics: new MetricsRegistry(),
      logger: createLogger({
        service: this.name,
        level: 'warn',
        destination: { write: (line: string) => void (log.push(line), log.length > LOG_LINES_MAX && log.shift()) },
      }),
      config: {
        database: { url: urlOf(databaseUrl, { port: proxy.port }), schema: this.name, poolMax: 8 },
        nats: { url: natsUrl, seedFile },
        health: { host: '127.0.0.1', port: 0 },
        logLevel: 'warn',
      },
    });
    this.running = { built: await starting.catch((error: unknown) => closeAndThrow(proxy, error)), proxy };
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    await running?.built.close();
    await running?.proxy.close();
  }

  /** The first half of a `kill -9`, at once: from now on nothing it does is remembered. */
  cutOff(): void {
    this.running?.proxy.block();
  }

  /** As `kill -9`: cut off first, tidied up after. Resolves when nothing of it is left in this process. */
  async kill(): Promise<void> {
    this.cutOff();
    await this.stop();
  }

  private withSeam(definition: ServiceDefinition): ServiceDefinition {
    const { transport } = definition;
    if (!transport) throw new Error(`${this.name} has no transport of its own`);
    return {
      ...definition,
      transport: async (context) => {
        const made = await transport(context);
        this.surroundings.seam.install(this.name, (made.strategy as NatsMessagingStrategy).unwrap<Messaging>());
        return made;
      },
    };
  }
}

async function closeAndThrow(proxy: TcpProxy, error: unknown): Promise<never> {
  await proxy.close();
  throw error;
}
