import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayDefinition } from '@rackwright/app-gateway/definition';
import { inventoryDefinition } from '@rackwright/app-inventory/definition';
import { networkDefinition } from '@rackwright/app-network/definition';
import { sagaCoordinatorDefinition } from '@rackwright/app-saga-coordinator/definition';
import { storageIdentityDefinition } from '@rackwright/app-storage-identity/definition';
import { CATALOGUE, type ServiceName } from '@rackwright/contracts';
import { CommandBus, subjectPermissions } from '@rackwright/messaging';
import { MetricsRegistry, createLogger } from '@rackwright/observability';
import { buildService, type BuiltService, type ServiceDefinition } from '@rackwright/service-host';
import { freshDatabase, startNats, waitFor, type NatsServer, type TestDatabase } from '@rackwright/testing';

export const PASSWORD = 'correct horse battery';
const ALWAYS = ['inventory', 'network', 'gateway'] as const;
type More = 'storage-identity' | 'saga-coordinator';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed when it is JSON. */
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

/** The gateway with inventory and network behind it, all real, in this process. */
export class GatewayWorld {
  private constructor(
    readonly nats: NatsServer,
    readonly databases: TestDatabase,
    private readonly services: readonly BuiltService[],
    private readonly folder: string,
    /** `http://127.0.0.1:port` */
    readonly url: string,
    /** Log lines of the gateway. */
    readonly log: readonly string[],
  ) {}

  static async start(...more: readonly More[]): Promise<GatewayWorld> {
    const hosted = [...ALWAYS, ...more];
    const folder = mkdtempSync(join(tmpdir(), 'rackwright-gateway-'));
    const masterKeyFile = join(folder, 'master.key');
    writeFileSync(masterKeyFile, 'ab'.repeat(32), { mode: 0o600 });
    const [databases, nats] = await Promise.all([
      freshDatabase(...hosted),
      startNats({ users: hosted.map((name) => ({ name, ...permissionsOf(name), allowResponses: true })) }),
    ]);
    const lines: string[] = [];
    const build = (definition: ServiceDefinition, destination?: { write(line: string): void }) =>
      buildService(definition, {
        config: {
          database: { url: databases.url(definition.name), poolMax: 5 },
          nats: { url: nats.url, seedFile: nats.user(definition.name).seedFile },
          health: { host: '127.0.0.1', port: 0 },
          logLevel: 'info',
        },
        metrics: new MetricsRegistry(),
        logger: createLogger({
          service: definition.name,
          level: destination ? 'info' : 'error',
          ...(destination && { destination }),
        }),
      });
    const device = { masterKeyFile, identityRestMs: 1_000, pollEveryMs: 60_000 };
    const gateway = { host: '127.0.0.1', port: 0, adminPassword: PASSWORD, sessionMs: 3_600_000, isSimulated: false };
    const optional = {
      'storage-identity': () => storageIdentityDefinition(device),
      'saga-coordinator': () => sagaCoordinatorDefinition({}),
    };
    const services = await Promise.all([
      ...more.map((name) => build(optional[name]())),
      build(inventoryDefinition()),
      build(networkDefinition(device)),
      build(gatewayDefinition(gateway), { write: (line) => void lines.push(line) }),
    ]);
    const said = lines.map((line) => JSON.parse(line) as { event?: string; http?: string });
    const url = said.find(({ event }) => event === 'http-listening')?.http ?? '';
    const world = new GatewayWorld(nats, databases, services, folder, url, lines);
    await waitFor(async () => {
      const token = await world.signIn().catch(() => undefined);
      const answer = await world.call('GET', '/api/v1/sites', token === undefined ? {} : { token });
      const networks = await world.call('GET', '/api/v1/mac-pools', token === undefined ? {} : { token });
      return answer.status === 200 && networks.status === 200;
    });
    return world;
  }

  /** What the gateway's own handlers send commands with, for what no route does: hardware and sagas. */
  get commands(): CommandBus {
    const gateway = this.services.at(-1);
    if (!gateway) throw new Error('the gateway does not run');
    return gateway.app.get(CommandBus, { strict: false });
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { token, body, raw, type = 'application/json', headers = {} } = options;
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(text !== undefined && { 'content-type': type }),
        ...headers,
      },
      ...(text !== undefined && { body: text }),
    });
    const received = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text: received,
      body: isJson ? (JSON.parse(received) as Record<string, unknown>) : {},
    };
  }

  async signIn(): Promise<string> {
    const answer = await this.call('POST', '/api/v1/sessions', { body: { username: 'admin', password: PASSWORD } });
    if (answer.status !== 201) throw new Error(`cannot sign in: ${answer.text}`);
    return String(answer.body['token']);
  }

  yaml(path: string, raw: string, token: string): Promise<Answer> {
    return this.call('POST', path, { raw, type: 'application/yaml', token });
  }

  async close(): Promise<void> {
    for (const service of [...this.services].reverse()) await service.close();
    await this.nats.destroy();
    await this.databases.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function permissionsOf(service: ServiceName) {
  const asks = service === 'gateway' || service === 'saga-coordinator';
  const isGateway = service === 'gateway';
  return subjectPermissions({
    service,
    definitions: CATALOGUE,
    uses: asks ? CATALOGUE.filter(({ kind }) => kind !== 'event') : [],
    listensTo: CATALOGUE.filter(({ kind, service: owner }) => kind === 'event' && owner !== service),
    readsEvents: isGateway,
    discovers: isGateway,
  });
}
