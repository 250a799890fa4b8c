import { CATALOGUE, type CommandDefinition } from '@rackwright/contracts';
import { Messaging, messagingMigrations, type CommandBus, type QueryClient } from '@rackwright/messaging';
import { MetricsRegistry } from '@rackwright/observability';
import { Database, migrate } from '@rackwright/persistence';
import { waitFor } from '@rackwright/testing';

/**
 * Talks to the services in the gateway's place, with its key and its allow-list: what it may not say, no user could
 * make happen.
 */
export class GatewaySeat {
  private constructor(
    private readonly database: Database,
    private readonly messaging: Messaging,
  ) {}

  static async take(options: { readonly databaseUrl: string; readonly natsUrl: string; readonly seed: string }) {
    const { databaseUrl: url, natsUrl, seed } = options;
    await migrate(url, { schema: 'gateway', migrations: messagingMigrations });
    const database = await Database.open({ url, schema: 'gateway', applicationName: 'gateway-seat', poolMax: 6 });
    const messaging = new Messaging({
      service: 'gateway',
      version: '0.1.0',
      database,
      nats: { url: natsUrl, seed },
      sends: CATALOGUE.filter((each): each is CommandDefinition => each.kind === 'command'),
      metrics: new MetricsRegistry(),
    });
    messaging.start();
    await waitFor(() => messaging.connected, { what: 'the gateway’s seat to reach NATS' });
    return new GatewaySeat(database, messaging);
  }

  get commands(): CommandBus {
    return this.messaging.commands;
  }

  get queries(): QueryClient {
    return this.messaging.queries;
  }

  async leave(): Promise<void> {
    await this.messaging.close();
    await this.database.close();
  }
}
