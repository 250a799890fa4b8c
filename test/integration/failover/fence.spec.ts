import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { failoverDefinition } from '@rackwright/app-failover/definition';
import { coordinator, failover, type Outcome, type ServiceName } from '@rackwright/contracts';
import { AppError, IdFactory, parseId, SystemClock, SystemRandom, type RunId } from '@rackwright/kernel';
import { Messaging, messagingMigrations } from '@rackwright/messaging';
import { createLogger, MetricsRegistry } from '@rackwright/observability';
import { Database, migrate } from '@rackwright/persistence';
import { buildService, type BuiltService } from '@rackwright/service-host';
import { freshDatabase, startNats, waitFor, type NatsServer, type TestDatabase } from '@rackwright/testing';

const SERVICES = ['failover', 'saga-coordinator', 'gateway'] as const;
const ids = new IdFactory(new SystemClock(), new SystemRandom());

let databases: TestDatabase;
let nats: NatsServer;
let service: BuiltService;
let gateway: { messaging: Messaging; database: Database };
let owner: { messaging: Messaging; database: Database };

/** What the scripted coordinator does next, and what it was told to run. */
let plan: () => Pick<coordinator.PlanView, 'state' | 'blockedBy'>;
let execution: Outcome<{ runId: RunId }>;
const executed: string[] = [];

async function join(name: ServiceName) {
  await migrate(databases.url(name), { schema: name, migrations: messagingMigrations });
  const database = await Database.open({ url: databases.url(name), schema: name, applicationName: name });
  const { seed } = nats.user(name);
  const messaging = new Messaging({ service: name, version: '0.1.0', database, nats: { url: nats.url, seed } });
  return { messaging, database };
}

beforeAll(async () => {
  [databases, nats] = await Promise.all([
    freshDatabase(...SERVICES),
    startNats({ users: SERVICES.map((name) => ({ name })) }),
  ]);
  owner = await join('saga-coordinator');
  owner.messaging.registry.answerQuery(coordinator.createPlan, (input) => {
    const { request } = input as { request: coordinator.PlanRequest };
    const at = new Date(0).toISOString();
    const texts = { title: 'fence', undo: '', worldMark: '', createdAt: at, expiresAt: at };
    return Promise.resolve({ id: ids.newId('plan'), request, why: [], changes: [], reboots: [], ...texts, ...plan() });
  });
  owner.messaging.registry.handleCommand(coordinator.executePlan, (items) => {
    executed.push(...items.map(({ input }) => (input as { planId: string }).planId));
    return Promise.resolve(items.map(() => execution));
  });
  gateway = await join('gateway');
  for (const { messaging } of [owner, gateway]) messaging.start();
  await waitFor(() => owner.messaging.connected && gateway.messaging.connected);
  service = await buildService(failoverDefinition(), {
    metrics: new MetricsRegistry(),
    logger: createLogger({ service: 'failover', level: 'silent' }),
    config: {
      database: { url: databases.url('failover'), schema: 'failover', poolMax: 4 },
      nats: { url: nats.url, seedFile: nats.user('failover').seedFile },
      health: { host: '127.0.0.1', port: 0 },
      logLevel: 'silent',
    },
  });
}, 60_000);
afterAll(async () => {
  await service.close();
  for (const { messaging, database } of [gateway, owner]) {
    await messaging.close();
    await database.close();
  }
  await nats.destroy();
  await databases.drop();
});

const ready = { state: 'ready' as const, blockedBy: [] };

function request() {
  const serverId = parseId('server', ids.newId('server'));
  const input = { serverId, reason: 'smoke', actor: 'alice' };
  return gateway.messaging.commands.ask(failover.requestFence, input, { timeoutMs: 20_000 });
}

describe('a request to fence', () => {
  it('becomes a run, once the coordinator can be asked', async () => {
    let asked = 0;
    plan = () => {
      // The first question fails for a reason that passes.
      if (asked++ === 0) throw new AppError('saga-coordinator.busy', 'not now');
      return ready;
    };
    const runId = parseId('run', ids.newId('run'));
    execution = { kind: 'done', result: { runId } };
    expect(await request()).toEqual({ kind: 'done', result: { runId } });
    expect(asked).toBe(2);
    expect(executed).toHaveLength(1);
  });

  it('is refused with the reasons of a plan that is blocked', async () => {
    plan = () => ({ state: 'blocked', blockedBy: [{ code: 'server-locked', message: 'a change is running' }] });
    expect(await request()).toMatchObject({ kind: 'refused', code: 'plan-blocked', message: 'a change is running' });
    expect(executed).toHaveLength(1);
  });

  it('is refused for a server nobody knows, and when the world moved between plan and run', async () => {
    plan = () => {
      throw new AppError('inventory.unknown-server', 'there is no such server');
    };
    expect(await request()).toMatchObject({ kind: 'refused', code: 'unknown-server' });
    plan = () => ready;
    execution = { kind: 'refused', code: 'world-moved', message: 'make a new one' };
    expect(await request()).toMatchObject({
      kind: 'refused',
      code: 'plan-blocked',
      details: { reason: 'world-moved' },
    });
  });
});
