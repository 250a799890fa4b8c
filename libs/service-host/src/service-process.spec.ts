import { Controller, Get, Inject, Injectable, Module, type INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IdFactory, type Clock } from '@rackwright/kernel';
import { messagingMigrations } from '@rackwright/messaging';
import { createLogger, MetricsRegistry } from '@rackwright/observability';
import { Database } from '@rackwright/persistence';
import {
  freshDatabaseOn,
  OwnPostgres,
  startNats,
  waitFor,
  type NatsServer,
  type TestDatabase,
} from '@rackwright/testing';
import { HealthBoard } from './health-board.js';
import { buildService } from './run-service.js';
import type { ServiceDefinition } from './service-definition.js';
import { CLOCK } from './service-host.module.js';
import { ServiceProcess } from './service-process.js';
import type { ServiceConfig } from './service.config.js';

@Injectable()
class Feature {
  constructor(
    readonly database: Database,
    readonly ids: IdFactory,
    @Inject(CLOCK) readonly clock: Clock,
    board: HealthBoard,
  ) {
    board.add('feature', () => undefined);
  }
}

@Module({ providers: [Feature] })
class FeatureModule {}

@Controller('hello')
class HelloController {
  constructor(private readonly feature: Feature) {}

  @Get()
  async hello(): Promise<unknown> {
    return this.feature.database.query('select 1 as one');
  }
}

@Module({ controllers: [HelloController], providers: [Feature] })
class WebModule {}

const definition: ServiceDefinition = {
  name: 'power',
  version: '1.2.3',
  modules: [FeatureModule],
  migrations: [...messagingMigrations, { id: '0001-bmc', up: 'create table bmc (id text primary key)' }],
};

let postgres: OwnPostgres;
let nats: NatsServer;
let fresh: TestDatabase;
const logger = createLogger({ service: 'power', level: 'silent' });

function options(change: Partial<ServiceConfig> = {}) {
  const config: ServiceConfig = {
    database: { url: fresh.url('power'), poolMax: 4 },
    nats: { url: nats.url, seedFile: nats.user('power').seedFile },
    health: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
    ...change,
  };
  return { config, logger, metrics: new MetricsRegistry() };
}

interface Answer {
  readonly code: number;
  readonly status: string;
  readonly checks: Record<string, string>;
}

async function readyz(url: string): Promise<Answer> {
  const response = await fetch(`${url}/readyz`);
  return { code: response.status, ...((await response.json()) as Omit<Answer, 'code'>) };
}

beforeAll(async () => {
  [postgres, nats] = await Promise.all([OwnPostgres.start(), startNats({ users: [{ name: 'power' }] })]);
  fresh = await freshDatabaseOn(postgres, 'power', 'empty');
});
afterAll(async () => {
  await Promise.all([postgres.destroy(), nats.destroy()]);
});

describe('a service', () => {
  it('migrates, listens, and gives its modules what the host made', async () => {
    const service = await buildService(definition, options());
    try {
      const feature = service.app.get(Feature, { strict: false });
      expect(await feature.database.query('select count(*) as count from bmc')).toEqual([{ count: 0 }]);
      expect(feature.ids.newId('server')).toMatch(/^srv_/);
      expect(feature.clock.now()).toBeInstanceOf(Date);
      const ready = await waitFor(async () => {
        const answer = await readyz(service.url);
        return answer.code === 200 ? answer : undefined;
      });
      expect(ready).toMatchObject({
        status: 'ready',
        checks: { service: 'ok', database: 'ok', nats: 'ok', feature: 'ok' },
      });
    } finally {
      await service.close();
    }
  });

  it('answers on three paths and no others', async () => {
    const service = await buildService(definition, options());
    try {
      const get = async (path: string, method = 'GET') => fetch(`${service.url}${path}`, { method });
      expect(await (await get('/healthz')).json()).toEqual({ status: 'live', service: 'power', version: '1.2.3' });
      const metrics = await (await get('/metrics')).text();
      expect(metrics).toContain('rackwright_build_info{service="power",version="1.2.3"} 1');
      expect(metrics).toMatch(/rackwright_db_connections\{service="power",state="idle"\} \d/);
      expect(metrics).toMatch(/rackwright_process_resident_bytes \d{7,}/);
      expect((await get('/')).status).toBe(404);
      expect((await get('/healthz', 'POST')).status).toBe(405);
    } finally {
      await service.close();
    }
  });

  it('serves HTTP beside its messages when it is asked to', async () => {
    let configured = 0;
    const http = { host: '127.0.0.1', port: 0, configure: () => void (configured += 1) };
    const service = await buildService({ ...definition, modules: [WebModule], http }, options());
    try {
      const url = await (service.app as INestApplication).getUrl();
      expect(await (await fetch(`${url}/hello`)).json()).toEqual([{ one: 1 }]);
      expect(configured).toBe(1);
      await waitFor(async () => (await readyz(service.url)).code === 200);
    } finally {
      await service.close();
    }
  });

  it('says which port is taken', async () => {
    const service = await buildService(definition, options());
    const port = Number(new URL(service.url).port);
    const second = buildService(definition, options({ health: { host: '127.0.0.1', port } }));
    await expect(second).rejects.toMatchObject({ code: 'service.port-taken' });
    await expect(second).rejects.toThrow(`something else listens on 127.0.0.1:${port}`);
    await service.close();
  });

  it('does not start over a migration that was changed', async () => {
    const changed = [{ id: '0001-bmc', up: 'create table bmc (id int)' }];
    const failed = buildService({ ...definition, migrations: changed }, options());
    await expect(failed).rejects.toMatchObject({ code: 'persistence.migration-changed' });
  });
});

describe('a service whose surroundings are not there', () => {
  it('lives, waits and says for what, and starts when the database comes', async () => {
    await postgres.stop('SIGQUIT');
    const service = await ServiceProcess.start(definition, options());
    try {
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
      const waiting = await waitFor(async () => {
        const answer = await readyz(service.url);
        return answer.checks['service'] === 'starting' ? undefined : answer;
      });
      expect(waiting).toMatchObject({ code: 503, status: 'not-ready' });
      expect(waiting.checks['service']).toContain(`cannot reach PostgreSQL at 127.0.0.1:${postgres.port}`);
      await postgres.start();
      await service.started;
      await waitFor(async () => (await readyz(service.url)).code === 200);
    } finally {
      await service.close();
    }
  });

  it('starts without NATS and becomes ready when it comes', async () => {
    await nats.stop('SIGKILL');
    const service = await buildService(definition, options());
    try {
      expect(await readyz(service.url)).toMatchObject({
        code: 503,
        checks: { nats: 'NATS cannot be reached', database: 'ok' },
      });
      await nats.start();
      await waitFor(async () => (await readyz(service.url)).code === 200, { withinMs: 10_000 });
    } finally {
      await service.close();
    }
  });

  it('stops quickly while it still waits for the database', async () => {
    const gone = options({ database: { url: 'postgres://power:pw@127.0.0.1:1/x', poolMax: 1 } });
    const service = await ServiceProcess.start(definition, gone);
    await waitFor(async () => (await readyz(service.url)).checks['service']?.includes('cannot reach PostgreSQL'));
    await service.close();
    await expect(service.started).rejects.toMatchObject({ code: 'kernel.aborted' });
  });
});

describe('a running service', () => {
  it('survives PostgreSQL and NATS being killed, one after the other, and is ready again after each', async () => {
    const service = await buildService(definition, options());
    const { database } = service.app.get(Feature, { strict: false });
    const untilReady = (): Promise<unknown> =>
      waitFor(async () => (await readyz(service.url)).code === 200, { withinMs: 10_000 });
    try {
      await untilReady();
      for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
        await postgres.stop(signal);
        await waitFor(async () => (await readyz(service.url)).checks['database'] !== 'ok');
        expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
        await postgres.start();
        await untilReady();
        expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
      }
      await nats.stop('SIGKILL');
      await waitFor(async () => (await readyz(service.url)).checks['nats'] !== 'ok');
      await nats.start();
      await untilReady();
    } finally {
      await service.close();
    }
  });

  it('stops within two seconds although a transaction hangs', async () => {
    const service = await buildService(definition, options());
    const { database, clock } = service.app.get(Feature, { strict: false });
    const hung = database.query('select pg_sleep(60)').catch((error: unknown) => error);
    await waitFor(() => database.poolUse.total > database.poolUse.idle);
    const startedMs = clock.monotonicMs();
    await service.close();
    expect(clock.monotonicMs() - startedMs).toBeLessThan(2_000);
    expect(await hung).toMatchObject({ code: 'persistence.commit-unknown' });
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow();
  });
});
