import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { profileDefinition, type ProfileDefinition } from '@rackwright/contracts';
import { messagesOf, subjectPermissions, type CommandBus, type QueryClient } from '@rackwright/messaging';
import type { CrashPoint } from '@rackwright/saga';
import { documentsOfEstate, startSimulation, type Simulation, type SiteDocument } from '@rackwright/sim';
import {
  freshDatabaseOn,
  startNats,
  startPostgres,
  type NatsServer,
  type PostgresAddress,
  type TestDatabase,
} from '@rackwright/testing';
import { applyDocuments, untilReady } from './apply-documents.js';
import { HOSTED, productDefinitions, type Definitions, type HostedName } from './estate-services.js';
import { GatewaySeat } from './gateway-seat.js';
import { HostedService } from './hosted-service.js';
import { MessagingSeam } from './messaging-seam.js';
import { PortMemory } from './port-memory.js';
import { Runs, type RunEnd, type RunKind } from './runs.js';
import { closeLook } from './unfinished-work.js';
import { problemsOfWorld, type ExpectedWorld } from './world-check.js';

export interface EstateOptions {
  /** How much faster simulated time goes; default 20. */
  readonly scale?: number;
  /** A server of the suite's own, to be killed; default the shared one. */
  readonly postgres?: PostgresAddress;
  /** Instead of the product's definitions, to plant bugs. */
  readonly change?: (definitions: Definitions) => Partial<Definitions>;
  /** What is done at the first violation; default: the world stops. */
  readonly onViolation?: 'stop' | 'record';
}

const SITE = fileURLToPath(new URL('site.yaml', import.meta.url));

/**
 * The whole product but gateway and failover, in this process: real services on a real PostgreSQL and a real NATS with
 * the allow-lists of production, against the simulated site, whose checkers look on.
 */
export class Estate {
  readonly seam = new MessagingSeam();
  /** Told of every crash point the coordinator passes; throws to crash it there. */
  onCrashPoint: ((point: CrashPoint, sagaId: string) => void) | undefined;
  /** Warnings and errors of all services, newest last. */
  readonly log: string[] = [];
  readonly runs: Runs;
  readonly ports: PortMemory;
  private readonly folder = mkdtempSync(join(tmpdir(), 'rackwright-estate-'));
  private readonly services = new Map<HostedName, HostedService>();
  private seat: GatewaySeat | undefined;
  private volumes = 0;
  private profiles = 0;

  private constructor(
    readonly simulation: Simulation,
    readonly databases: TestDatabase,
    readonly nats: NatsServer,
  ) {
    this.runs = new Runs(() => this.gateway);
    this.ports = new PortMemory(simulation.world);
  }

  static async start(options: EstateOptions = {}): Promise<Estate> {
    const { onViolation } = options;
    const simulation = await startSimulation({
      site: SITE,
      scale: options.scale ?? 20,
      ...(onViolation && { onViolation }),
    });
    const names = [...HOSTED, 'gateway'] as const;
    const users = names.map((name) => ({ name, ...subjectPermissions(messagesOf(name)), allowResponses: true }));
    const [databases, nats] = await Promise.all([
      freshDatabaseOn(options.postgres ?? (await startPostgres()), ...names),
      startNats({ users }),
    ]);
    const estate = new Estate(simulation, databases, nats);
    try {
      await estate.open(options);
    } catch (error) {
      await estate.close();
      throw error;
    }
    return estate;
  }

  get gateway(): GatewaySeat {
    if (!this.seat) throw new Error('nobody sits in the gateway’s seat');
    return this.seat;
  }

  /** Asks as the gateway. */
  get commands(): CommandBus {
    return this.gateway.commands;
  }

  get queries(): QueryClient {
    return this.gateway.queries;
  }

  service(name: HostedName): HostedService {
    const found = this.services.get(name);
    if (!found) throw new Error(`there is no service ${name}`);
    return found;
  }

  /** Everything an operator of the site would apply. */
  get documents(): SiteDocument[] {
    return documentsOfEstate(this.simulation.estate);
  }

  /** Applies the site's documents and waits until all hardware is known. */
  async describeSite(): Promise<void> {
    await applyDocuments(this, this.documents);
    await untilReady(this, Object.keys(this.simulation.world.state.servers).length);
  }

  /** Ends an instance as `kill -9` does and starts a new one. */
  async restart(name: HostedName): Promise<void> {
    await this.service(name).kill();
    await this.service(name).start();
  }

  run(kind: RunKind, profile: string, target?: string): Promise<RunEnd> {
    return this.runs.run(kind, profile, target);
  }

  /** Defines a profile that boots over Fibre Channel, with a volume of its own; gives its name. */
  async defineFcProfile(name = this.nextName('fc')): Promise<string> {
    await this.runs.define(
      parse({
        name,
        qualification: { pool: 'blade' },
        vnics: [
          { name: 'lan-a', native: 'production' },
          { name: 'lan-b', tagged: ['production', 'backup'] },
        ],
        vhbas: [
          { name: 'san-a', fabric: 'fabric-a' },
          { name: 'san-b', fabric: 'fabric-b' },
        ],
        volumes: [{ volume: this.nextVolume(), lun: 0, boot: true }],
      }),
    );
    return name;
  }

  /** Defines a profile that boots over iSCSI, with a volume of its own; gives its name. */
  async defineIscsiProfile(name = this.nextName('ip')): Promise<string> {
    await this.runs.define(
      parse({
        name,
        qualification: { pool: 'rack' },
        vnics: [
          { name: 'storage', native: 'storage', address: `10.60.1.${this.profiles}` },
          { name: 'lan', native: 'production' },
        ],
        iscsi: { vnic: 'storage' },
        volumes: [{ volume: this.nextVolume(), lun: 0, boot: true }],
      }),
    );
    return name;
  }

  /** Everything that is wrong: invariants broken, something left over or missing on a device, work that never ended. */
  checkWorld(expected: ExpectedWorld): Promise<string[]> {
    return problemsOfWorld(this, expected);
  }

  async close(): Promise<void> {
    this.ports.forget();
    await this.seat?.leave();
    await closeLook(this.databases);
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    await this.simulation.stop();
    await this.nats.destroy();
    await this.databases.drop().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async open({ change }: EstateOptions): Promise<void> {
    const product = productDefinitions(this.folder, (point, sagaId) => this.onCrashPoint?.(point, sagaId));
    const definitions = { ...product, ...change?.(product) };
    for (const name of HOSTED) {
      const service = new HostedService(name, definitions[name], {
        databaseUrl: this.databases.url(name),
        databasePort: this.databases.port,
        natsUrl: this.nats.url,
        seedFile: this.nats.user(name).seedFile,
        seam: this.seam,
        log: this.log,
      });
      this.services.set(name, service);
    }
    await Promise.all([...this.services.values()].map((service) => service.start()));
    this.seat = await GatewaySeat.take({
      databaseUrl: this.databases.url('gateway'),
      natsUrl: this.nats.url,
      seed: this.nats.user('gateway').seed,
    });
    await this.describeSite();
  }

  private nextName(stem: string): string {
    this.profiles += 1;
    return `${stem}-${this.profiles}`;
  }

  private nextVolume(): string {
    this.volumes += 1;
    return `boot-${String(this.volumes).padStart(2, '0')}`;
  }
}

function parse(definition: unknown): ProfileDefinition {
  return profileDefinition.parse(definition);
}
