import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  inventory,
  power,
  type CommandDefinition,
  type DeviceTrust,
  type Guard,
  type InputOf,
  type OutcomeOf,
  powerSealingKey,
  type ServiceName,
} from '@rackwright/contracts';
import { sealCredential } from '@rackwright/device-registry';
import { SystemClock, SystemRandom, type ServerId } from '@rackwright/kernel';
import { Messaging, messagingMigrations } from '@rackwright/messaging';
import { createLogger, MetricsRegistry } from '@rackwright/observability';
import { Database, migrate } from '@rackwright/persistence';
import { buildService, type BuiltService, type ServiceDefinition } from '@rackwright/service-host';
import { loadSiteFile, startSimulation, type Simulation } from '@rackwright/sim';
import { freshDatabase, startNats, waitFor, type NatsServer, type TestDatabase } from '@rackwright/testing';
import { inventoryDefinition } from '@rackwright/app-inventory/definition';
import { powerDefinition } from '@rackwright/app-power/definition';

const SERVICES = ['inventory', 'power', 'gateway'] as const;
const SITE = fileURLToPath(new URL('../../../libs/sim/sites/small.yaml', import.meta.url));

/** Two readings that prove a server off are this far apart here. */
export const OFF_DWELL_MS = 250;
/** Minutes of the machines pass in fractions of a second. */
const TIME_SCALE = 200;

/** A server as a command names it. */
export interface Target {
  readonly name: string;
  readonly serverId: ServerId;
  readonly boardSerial: string;
  readonly guards: Guard[];
}

/** The real power and inventory services on PostgreSQL and NATS, in front of a simulated site. */
export class PowerWorld {
  private epoch = 0;
  private bootScriptPort = 0;

  private constructor(
    readonly simulation: Simulation,
    readonly databases: TestDatabase,
    private readonly nats: NatsServer,
    private readonly folder: string,
    private readonly services: BuiltService[],
    private readonly client: { readonly messaging: Messaging; readonly database: Database },
  ) {}

  static async start(): Promise<PowerWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'power-world-'));
    const site = loadSiteFile(SITE);
    const simulation = await startSimulation({
      // A system on a disk of its own, so that a server can boot without a LUN.
      site: { ...site, models: [{ name: 'hpe-rack', like: 'hpe-rack', localSystem: true }] },
      clock: new SystemClock(TIME_SCALE),
      faces: ['redfish'],
    });
    const [databases, nats] = await Promise.all([
      freshDatabase(...SERVICES),
      startNats({ users: SERVICES.map((name) => ({ name })) }),
    ]);
    await migrate(databases.url('gateway'), { schema: 'gateway', migrations: messagingMigrations });
    const database = await Database.open({
      url: databases.url('gateway'),
      schema: 'gateway',
      applicationName: 'gateway',
    });
    const { seed } = nats.user('gateway');
    const messaging = new Messaging({ service: 'gateway', version: '0.1.0', database, nats: { url: nats.url, seed } });
    const world = new PowerWorld(simulation, databases, nats, folder, [], { messaging, database });
    world.bootScriptPort = await freePort();
    messaging.start();
    await waitFor(() => messaging.connected);
    await world.host('inventory', inventoryDefinition());
    await world.host('power', world.powerDefinition());
    await waitFor(() =>
      messaging.queries.query(power.listBmcs, { limit: 1 }).then(
        () => true,
        () => false,
      ),
    );
    return world;
  }

  async close(): Promise<void> {
    for (const service of this.services.splice(0).reverse()) await service.close();
    await this.client.messaging.close();
    await this.client.database.close();
    await this.nats.destroy();
    await this.databases.drop();
    await this.simulation.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Where the power service serves boot scripts. */
  get bootScriptUrl(): string {
    return `http://127.0.0.1:${this.bootScriptPort}`;
  }

  get queries() {
    return this.client.messaging.queries;
  }

  ask<C extends CommandDefinition>(command: C, input: InputOf<C>, withinMs = 20_000): Promise<OutcomeOf<C>> {
    const deadline = new Date(new SystemClock().now().getTime() + withinMs);
    return this.client.messaging.commands.ask(command, input, { timeoutMs: withinMs + 5_000, deadline });
  }

  /** Enrols the BMC of a simulated server. */
  async putBmc(name: string, trust?: DeviceTrust): Promise<void> {
    const { url, credential } = this.simulation.endpointOf('bmc', name);
    const { publicKey } = await this.queries.query(powerSealingKey, {});
    const outcome = await this.ask(power.putBmc, {
      name,
      driver: 'redfish',
      address: url,
      trust: trust ?? { kind: 'ca', caPem: this.simulation.access.caPem },
      options: {},
      ...(credential && { credential: await sealCredential(credential, publicKey) }),
    });
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  }

  /** Enrols a BMC and waits until inventory knows its machine; the epochs of its guards are raised. */
  async enrol(name: string): Promise<Target> {
    await this.putBmc(name);
    const serverId = await waitFor(async () => (await this.bmc(name))?.serverId, { what: `${name} to be registered` });
    const target = { name, serverId, boardSerial: this.server(name).serials.board, guards: [] };
    return this.raise(target);
  }

  /** Raises the epoch of a server: commands to the target given before are stale from then on. */
  async raise(target: Target): Promise<Target> {
    const guards = [{ subject: `server:${target.name}`, epoch: ++this.epoch }];
    const outcome = await this.ask(power.raisePowerEpochs, { guards });
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    return { ...target, guards };
  }

  on({ serverId, boardSerial, guards }: Target): Pick<Target, 'serverId' | 'boardSerial' | 'guards'> {
    return { serverId, boardSerial, guards };
  }

  async bmc(name: string) {
    const { items } = await this.queries.query(power.listBmcs, { limit: 100 });
    return items.find((item) => item.name === name);
  }

  async servers() {
    return (await this.queries.query(inventory.listServers, { limit: 100 })).items;
  }

  server(name: string) {
    return this.simulation.world.power.server(name);
  }

  /** Brings a server to a state by its own buttons, and waits until its BMC shows it. */
  async bring(name: string, wanted: 'on' | 'off'): Promise<void> {
    const { world } = this.simulation;
    const word = wanted === 'on' ? 'On' : 'Off';
    await waitFor(
      () => {
        const server = this.server(name);
        const isThere = (server.phase === 'off') === (wanted === 'off') && world.power.reported(server) === word;
        if (!isThere) world.power.reset(name, wanted === 'on' ? 'On' : 'ForceOff', 'test');
        return isThere;
      },
      { what: `${name} to be ${wanted}` },
    );
  }

  /** Rows of the power service. */
  async rows<R>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    const database = await Database.open({
      url: this.databases.url('power'),
      schema: 'power',
      applicationName: 'look',
      poolMax: 1,
    });
    try {
      return await database.query<R>(sql, parameters);
    } finally {
      await database.close();
    }
  }

  private powerDefinition(): ServiceDefinition {
    const masterKeyFile = join(this.folder, 'power.key');
    writeFileSync(masterKeyFile, Buffer.from(new SystemRandom().bytes(32)).toString('hex'), { mode: 0o600 });
    return powerDefinition({
      masterKeyFile,
      identityRestMs: 0,
      pollEveryMs: 300,
      offDwellMs: OFF_DWELL_MS,
      bootSettleMs: 100,
      bootScriptListen: { host: '127.0.0.1', port: this.bootScriptPort },
    });
  }

  private async host(name: ServiceName, definition: ServiceDefinition): Promise<void> {
    const service = await buildService(definition, {
      metrics: new MetricsRegistry(),
      logger: createLogger({ service: name, level: 'silent' }),
      config: {
        database: { url: this.databases.url(name), schema: name, poolMax: 8 },
        nats: { url: this.nats.url, seedFile: this.nats.user(name).seedFile },
        health: { host: '127.0.0.1', port: 0 },
        logLevel: 'silent',
      },
    });
    this.services.push(service);
    await waitFor(async () => (await fetch(`${service.url}/readyz`)).ok, { what: `${name} to be ready` });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
