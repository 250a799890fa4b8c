import { SERVICES } from '@rackwright/contracts';
import { AppError, isAppError, messageOf, type Clock, type RandomSource } from '@rackwright/kernel';
import { Database, provisionSchema } from '@rackwright/persistence';
import { resolveNatsServer } from '@rackwright/tools/nats-server';
import { join } from 'node:path';
import { DataFolder } from './data-folder/data-folder.js';
import { InstanceLock } from './data-folder/instance-lock.js';
import { masterKeyFile } from './data-folder/master-key.js';
import { Secrets } from './data-folder/secrets.js';
import type { LauncherConfig } from './launcher.config.js';
import { embeddedNatsSpec } from './nats/embedded-nats.js';
import { natsConfiguration } from './nats/nats-configuration.js';
import { natsUsers, type NatsUser } from './nats/nats-users.js';
import type { ConsoleOutput } from './output/console-output.js';
import type { Welcome } from './output/welcome.js';
import { choosePort, freePort } from './ports.js';
import { EmbeddedPostgres, nativeFolder } from './postgres/embedded-postgres.js';
import { placePostgres, removeFallback } from './postgres/postgres-place.js';
import { stopOrphans } from './process/orphans.js';
import { PidFiles } from './process/pid-files.js';
import { seedSite } from './seed-site.js';
import { roleOf, schemaOf, SERVICE_LIST } from './services/service-list.js';
import { serviceSpec, type ServiceSurroundings } from './services/service-specs.js';
import { Supervisor } from './supervisor/supervisor.js';

/** Stopped last, in this order: what the others talk to. */
const SERVERS_LAST = ['nats', 'postgres'] as const;
const SERVERS_READY_WITHIN_MS = 30_000;
const SERVICES_READY_WITHIN_MS = 90_000;

export interface LauncherParts {
  readonly config: LauncherConfig;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly output: (folder: DataFolder) => ConsoleOutput;
}

/** One running Rackwright: brings everything up in order, keeps it up, takes it down in the opposite order. */
export class Launcher {
  private readonly folder: DataFolder;
  private lock: InstanceLock | undefined;
  private supervisor: Supervisor | undefined;
  private secrets: Secrets | undefined;
  private console: ConsoleOutput | undefined;

  constructor(private readonly parts: LauncherParts) {
    this.folder = new DataFolder(parts.config.dataFolder);
  }

  /**
   * Resolves when everything is ready. On failure the caller still calls {@link stop}.
   * @throws AppError `launcher.*`, each with a message that says what to do
   */
  async start(): Promise<Welcome> {
    const { clock, config } = this.parts;
    const startedMs = clock.monotonicMs();
    const { console, gatewayPort } = await this.openFolder();
    const address = `http://127.0.0.1:${gatewayPort}`;
    this.lock?.publish(address);
    const [database, nats] = await Promise.all([this.startDatabase(), this.startNats()]);
    const firstPassword = this.folder.isSetUp ? undefined : (config.adminPassword ?? this.secretStore.firstLogin());
    const names = this.startServices({ ...database, ...nats, gatewayPort, firstPassword });
    await this.untilReady(names, SERVICES_READY_WITHIN_MS);
    const seeded = firstPassword === undefined ? undefined : await this.seed(address, firstPassword);
    this.folder.markSetUp();
    this.secretStore.forgetFirstLogin();
    console.say('info', 'everything is ready');
    return {
      address,
      adminPassword: firstPassword,
      dataFolder: this.folder.path,
      seconds: (clock.monotonicMs() - startedMs) / 1000,
      seeded,
      missing: SERVICE_LIST.filter(({ name }) => this.isWanted(name) && !names.includes(name)).map(({ name }) => name),
    };
  }

  /** Services first, then the servers; then the folder is free for the next launcher. Repeatable. */
  async stop(): Promise<void> {
    await this.supervisor?.stopAll(SERVERS_LAST);
    this.lock?.release();
    this.lock = undefined;
  }

  private seed(address: string, adminPassword: string): Promise<string | undefined> {
    const { projectRoot, simulator, site } = this.parts.config;
    return seedSite({
      ...{ address, adminPassword, projectRoot },
      dataFolder: this.folder.path,
      estateFile: simulator ? join(this.folder.stateFolder('simulator'), 'estate.json') : undefined,
      examples: site === undefined,
      say: (level, line) => this.console?.say(level, line),
    });
  }

  private get secretStore(): Secrets {
    if (this.secrets === undefined) throw new AppError('launcher.not-started', 'the data folder is not open');
    return this.secrets;
  }

  private get processes(): Supervisor {
    if (this.supervisor === undefined) throw new AppError('launcher.not-started', 'the data folder is not open');
    return this.supervisor;
  }

  private async openFolder(): Promise<{ readonly console: ConsoleOutput; readonly gatewayPort: number }> {
    const { clock, config, random } = this.parts;
    const portOfFirstStart = this.folder.exists ? undefined : await this.checkSurroundings();
    this.folder.open();
    this.lock = InstanceLock.take(this.folder.lockFile);
    const leftovers = await stopOrphans(new PidFiles(this.folder.runFolder), { clock });
    // Only now, because the leftovers may have held the port.
    const gatewayPort = portOfFirstStart ?? (await this.checkSurroundings());
    if (config.fresh) {
      removeFallback(this.folder.key);
      this.folder.clear();
      this.folder.open();
    }
    this.console = this.parts.output(this.folder);
    if (leftovers.length > 0) {
      this.console.say('warn', `stopped what an earlier start left running: ${leftovers.join(', ')}`);
    }
    this.secrets = new Secrets(this.folder.secretsFile, random);
    const pidFiles = new PidFiles(this.folder.runFolder);
    this.supervisor = new Supervisor({ clock, pidFiles, listener: this.console });
    return { console: this.console, gatewayPort };
  }

  /** What cannot work is found before anything is changed: a failed start makes no data folder and costs none. */
  private async checkSurroundings(): Promise<number> {
    const { databaseUrl, port } = this.parts.config;
    const gatewayPort = await choosePort(port);
    if (databaseUrl !== undefined) await checkDatabase(databaseUrl);
    return gatewayPort;
  }

  private async startDatabase(): Promise<Pick<ServiceSurroundings, 'databaseUrlOf'>> {
    const { config } = this.parts;
    const embedded = config.databaseUrl === undefined ? await this.startEmbeddedPostgres() : undefined;
    const adminUrl = config.databaseUrl ?? embedded?.adminUrl ?? '';
    for (const service of SERVICES) {
      const [schema, role] = [schemaOf(service), roleOf(service)];
      await provisionSchema(adminUrl, { schema, role, password: this.secretStore.get(`role/${service}`) });
    }
    const passwords = new Map(SERVICES.map((service) => [roleOf(service), this.secretStore.get(`role/${service}`)]));
    return { databaseUrlOf: (role) => asRole(adminUrl, role, passwords.get(role) ?? '') };
  }

  private async startEmbeddedPostgres(): Promise<EmbeddedPostgres> {
    const { clock, config } = this.parts;
    const place = placePostgres({
      wantedFolder: this.folder.postgresFolder,
      nativeFolder: nativeFolder(config.projectRoot),
      key: this.folder.key,
    });
    if (place.movedBecause !== undefined) this.console?.say('info', place.movedBecause);
    const password = this.secretStore.get('postgres');
    const postgres = new EmbeddedPostgres({ place, port: await freePort(), password, clock });
    if (postgres.stopLeftover()) this.console?.say('warn', 'stopped a database that an earlier start left running');
    await postgres.initialise();
    this.processes.start(postgres.spec());
    await this.untilReady(['postgres'], SERVERS_READY_WITHIN_MS);
    return postgres;
  }

  private async startNats(): Promise<Pick<ServiceSurroundings, 'natsUrl' | 'seedFileOf'>> {
    const { config } = this.parts;
    const users = natsUsers(SERVICES, this.secretStore, this.folder.natsFolder);
    const seedFileOf = (service: string): string => seedFile(users, service);
    if (config.natsUrl !== undefined) return { natsUrl: config.natsUrl, seedFileOf };
    const binary = await resolveNatsServer({
      projectRoot: config.projectRoot,
      env: { ...config.inherited, NATS_SERVER: config.natsServer },
      log: (line) => this.console?.say('info', line),
    });
    const port = await freePort();
    const configuration = natsConfiguration({ port, folder: this.folder.natsFolder, users });
    this.processes.start(embeddedNatsSpec({ binary, folder: this.folder.natsFolder, port, configuration }));
    await this.untilReady(['nats'], SERVERS_READY_WITHIN_MS);
    return { natsUrl: `nats://127.0.0.1:${port}`, seedFileOf };
  }

  private startServices(
    own: Pick<ServiceSurroundings, 'databaseUrlOf' | 'natsUrl' | 'seedFileOf' | 'gatewayPort' | 'firstPassword'>,
  ): string[] {
    const { projectRoot, inherited, logLevel, site, timeScale } = this.parts.config;
    const stateFolderOf = (service: string): string => this.folder.stateFolder(service);
    const masterKeyFileOf = (service: string): string => masterKeyFile(stateFolderOf(service), this.parts.random);
    const surroundings = { ...own, projectRoot, inherited, logLevel, site, timeScale, stateFolderOf, masterKeyFileOf };
    const specs = SERVICE_LIST.filter(({ name }) => this.isWanted(name)).flatMap(
      (entry) => serviceSpec(entry, surroundings) ?? [],
    );
    for (const spec of specs) this.processes.start(spec);
    return specs.map(({ name }) => name);
  }

  private isWanted(name: string): boolean {
    return name !== 'simulator' || this.parts.config.simulator;
  }

  /** As the supervisor's, and shows what the ones that are missing said last. */
  private async untilReady(names: readonly string[], withinMs: number): Promise<void> {
    try {
      await this.processes.ready(names, withinMs);
    } catch (error) {
      if (!isAppError(error, 'launcher.not-ready')) throw error;
      const missing = error.details['names'] as string[];
      const said = missing.flatMap((name) => [`last lines of ${name}:`, ...(this.console?.recentLines(name) ?? [])]);
      throw new AppError('launcher.not-ready', [messageOf(error), ...said].join('\n  '), { cause: error });
    }
  }
}

function seedFile(users: readonly NatsUser[], service: string): string {
  const user = users.find((each) => each.service === service);
  if (user === undefined) throw new AppError('launcher.no-nats-user', `${service} has no user on the message server`);
  return user.seedFile;
}

/** @throws AppError `launcher.no-database` */
async function checkDatabase(url: string): Promise<void> {
  try {
    const database = await Database.open({ url, schema: 'public', applicationName: 'rackwright-start', poolMax: 1 });
    await database.close();
  } catch (cause) {
    const text =
      'the database that DATABASE_URL names cannot be used; start or create it, or unset DATABASE_URL for the embedded one';
    throw new AppError('launcher.no-database', text, { cause });
  }
}

/** The same server and database, as one service's role. */
function asRole(adminUrl: string, role: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = encodeURIComponent(password);
  return url.toString();
}
