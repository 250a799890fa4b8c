import { coordinator, inventory, network, type ProfileDefinition, type ServiceName } from '@rackwright/contracts';
import { Messaging, messagingMigrations } from '@rackwright/messaging';
import { Database, migrate } from '@rackwright/persistence';
import type { Clock } from '@rackwright/kernel';
import { createLogger } from '@rackwright/observability';
import { buildService, type BuiltService, type ServiceConfig, type ServiceDefinition } from '@rackwright/service-host';
import { coordinatorWith } from '../coordinator-with.js';
import { smallBook } from './small-book.js';

const SERVICES = ['saga-coordinator', 'inventory', 'network', 'gateway'] as const;

/** What a spec lends from the test library, which only specs may import. */
export interface TestKit {
  freshDatabase(...schemas: readonly string[]): Promise<TestDatabase>;
  startNats(options: { readonly users: readonly { readonly name: string }[] }): Promise<NatsServer>;
  waitFor(condition: () => boolean | Promise<boolean>, options?: { readonly what?: string }): Promise<unknown>;
}

interface TestDatabase {
  url(schema: string): string;
  drop(): Promise<void>;
}

interface NatsServer {
  readonly url: string;
  user(name: string): { readonly seed: string; readonly seedFile: string };
  destroy(): Promise<void>;
}

/** Coordinators on real PostgreSQL and NATS, with scripted owners: what a coordinator asks and sends is all there is to see. */
export class CoordinatorWorld {
  /** Changed by tests to make the world move under a plan. */
  readonly owners = new ScriptedOwners();
  readonly client: { messaging: Messaging; database: Database };
  private readonly closers: (() => Promise<void>)[] = [];

  private constructor(
    readonly databases: TestDatabase,
    readonly nats: NatsServer,
    private readonly kit: TestKit,
    client: { messaging: Messaging; database: Database },
  ) {
    this.client = client;
  }

  static async start(kit: TestKit): Promise<CoordinatorWorld> {
    const databases = await kit.freshDatabase(...SERVICES);
    const nats = await kit.startNats({ users: SERVICES.map((name) => ({ name })) });
    const client = await joinAs(databases, nats, 'gateway');
    const world = new CoordinatorWorld(databases, nats, kit, client);
    client.messaging.start();
    await kit.waitFor(() => client.messaging.connected);
    await world.startOwner('inventory');
    await world.startOwner('network');
    return world;
  }

  /** A coordinator process; several may run at once. */
  async coordinator(
    options: { readonly clock?: Clock; readonly definition?: ServiceDefinition } = {},
  ): Promise<BuiltService> {
    const service = await buildService(options.definition ?? coordinatorWith(smallBook), {
      config: this.config('saga-coordinator'),
      logger: createLogger({ service: 'saga-coordinator', level: 'silent' }),
      ...(options.clock && { clock: options.clock }),
    });
    const close = service.close.bind(service);
    this.closers.push(close);
    await this.kit.waitFor(async () => (await fetch(`${service.url}/readyz`)).ok, {
      what: 'the coordinator to be ready',
    });
    await this.kit.waitFor(() => this.answers(), { what: 'the coordinator to answer' });
    return service;
  }

  private answers(): Promise<boolean> {
    return this.client.messaging.queries.query(coordinator.listRuns, { limit: 1 }).then(
      () => true,
      () => false,
    );
  }

  config(service: ServiceName): ServiceConfig {
    return {
      database: { url: this.databases.url(service), schema: service, poolMax: 6 },
      nats: { url: this.nats.url, seedFile: this.nats.user(service).seedFile },
      health: { host: '127.0.0.1', port: 0 },
      logLevel: 'silent',
    };
  }

  /** A look into the database of a service; close it. */
  open(service: ServiceName): Promise<Database> {
    return Database.open({ url: this.databases.url(service), schema: service, applicationName: 'look', poolMax: 2 });
  }

  /** Ends all coordinators. */
  async leave(): Promise<void> {
    await Promise.all(this.closers.splice(0).map((close) => close()));
  }

  async close(): Promise<void> {
    await this.leave();
    for (const { messaging, database } of [...this.owners.running, this.client]) {
      await messaging.close();
      await database.close();
    }
    await this.nats.destroy();
    await this.databases.drop();
  }

  private async startOwner(service: 'inventory' | 'network'): Promise<void> {
    const joined = await joinAs(this.databases, this.nats, service);
    if (service === 'inventory') this.owners.registerInventory(joined.messaging);
    else this.owners.registerNetwork(joined.messaging);
    joined.messaging.start();
    await this.kit.waitFor(() => joined.messaging.connected);
    this.owners.running.push(joined);
  }
}

async function joinAs(databases: TestDatabase, nats: NatsServer, service: ServiceName) {
  await migrate(databases.url(service), { schema: service, migrations: messagingMigrations });
  const database = await Database.open({ url: databases.url(service), schema: service, applicationName: service });
  const messaging = new Messaging({
    service,
    version: '0.1.0',
    database,
    nats: { url: nats.url, seed: nats.user(service).seed },
    limits: { retryBaseMs: 20, retryMaxMs: 300, sweepIntervalMs: 200 },
  });
  return { messaging, database };
}

/** Inventory and network as far as a coordinator sees them: they remember what they were told, and say what a test wants. */
export class ScriptedOwners {
  readonly running: { messaging: Messaging; database: Database }[] = [];
  /** Effects in order: `put-site site-a`. */
  readonly effects: string[] = [];
  /** Profiles that exist, by name. */
  readonly profiles = new Map<string, ProfileDefinition>();
  /** Pools nobody knows make `put-server` refuse. */
  readonly pools = new Set<string>();
  problems: { path: string; code: string; message: string }[] = [];
  /** While set, servers are not answered for. */
  hold: Promise<void> | undefined;

  registerInventory({ registry }: Messaging): void {
    registry.handleCommand(inventory.putSite, async (items) => {
      for (const { input } of items) {
        const { name, description } = input as { name: string; description: string };
        this.effects.push(`put-site ${name}${description === '' ? '' : ` (${description})`}`);
      }
      await this.hold;
      return items.map(() => ({ kind: 'done', result: { changed: true } }));
    });
    registry.handleCommand(inventory.putServer, async (items) =>
      items.map(({ input }) => {
        const { name, pool } = input as { name: string; pool?: string };
        this.effects.push(`put-server ${name}`);
        if (pool !== undefined && !this.pools.has(pool))
          return { kind: 'refused', code: 'unknown-pool', message: `there is no pool ${pool}` };
        return { kind: 'done', result: { serverId: SERVER_ID, changed: true } };
      }),
    );
    registry.handleCommand(inventory.putServerPool, async (items) => {
      for (const { input } of items) this.effects.push(`put-server-pool ${(input as { name: string }).name}`);
      return items.map(() => ({ kind: 'done', result: { changed: true } }));
    });
    registry.answerQuery(inventory.previewProfile, async (input) => {
      const existing = this.profiles.get((input as { definition: ProfileDefinition }).definition.name);
      return { problems: this.problems, ...(existing && { existing: viewOf(existing) }) };
    });
  }

  registerNetwork({ registry }: Messaging): void {
    registry.answerQuery(network.previewVnics, async () => ({ problems: [], vnics: [] }));
  }
}

const SERVER_ID = 'srv_01890000-0000-7000-8000-000000000001';

function viewOf(definition: ProfileDefinition) {
  return {
    id: 'prf_01890000-0000-7000-8000-000000000001',
    definition,
    uuid: '01890000-0000-7000-8000-000000000002',
    state: 'ready',
    epoch: 1,
    formerHolders: [],
    updatedAt: '2026-01-01T00:00:00.000Z',
  };
}
