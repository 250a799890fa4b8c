import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import type { InputOf, OutcomeOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import { Database, type Tx } from '@rackwright/persistence';
import { findNatsServer, waitFor } from '@rackwright/testing';
import { Svcm } from '@nats-io/services';
import { Answers, Handles, HandlesBatch, ListensTo, ReceivesOutcomes, type BatchItem } from './decorators.js';
import {
  deferred,
  type CommandContext,
  type Deferred,
  type EventContext,
  type QueryContext,
  type ReceivedOutcome,
} from './handlers.js';
import { Messaging } from './messaging.js';
import { MessagingModule } from './messaging.module.js';
import { NatsMessagingStrategy } from './nats-messaging.strategy.js';
import { createNatsIdentity } from './nats-identity.js';
import { natsServerConfig } from './nats-server-config.js';
import { subjectPermissions } from './permissions.js';
import { MessagingWorld, TEST_LIMITS, type Replica } from './testing/messaging-world.js';
import {
  driveDevice,
  markChanged,
  markRead,
  SAMPLE_DEFINITIONS,
  SAMPLE_SERVICES,
  setMark,
} from './testing/sample-messages.js';

@Controller()
class PowerHandlers {
  readonly driven: string[] = [];

  @HandlesBatch(setMark)
  async setMarks(items: readonly BatchItem<typeof setMark>[], tx: Tx): Promise<OutcomeOf<typeof setMark>[]> {
    await tx.query('SELECT 1');
    return items.map(({ input }) => ({ kind: 'done', result: { name: input.name, count: items.length } }));
  }

  @Handles(driveDevice)
  async drive(
    input: InputOf<typeof driveDevice>,
    ctx: CommandContext,
  ): Promise<OutcomeOf<typeof driveDevice> | Deferred> {
    if (input.device === 'none') return { kind: 'refused', code: 'device.unknown', message: 'no such device' };
    this.driven.push(`${input.device} for ${ctx.asker}`);
    return deferred();
  }

  @Answers(markRead)
  async read(input: InputOf<typeof markRead>, ctx: QueryContext): Promise<{ count: number }> {
    if (input.name === 'missing')
      throw new AppError('mark.not-found', 'no such mark', { details: { name: input.name } });
    if (input.name === 'bug') throw new TypeError('a secret detail of the inside');
    return { count: ctx.actor === 'alice' ? 7 : 3 };
  }
}

@Controller()
class CoordinatorHandlers {
  readonly received: ReceivedOutcome[] = [];

  @ReceivesOutcomes()
  async take(outcomes: ReceivedOutcome[], tx: Tx): Promise<void> {
    await tx.query('SELECT 1');
    this.received.push(...outcomes);
  }
}

@Controller()
class InventoryHandlers {
  readonly seen: string[] = [];

  @ListensTo(markChanged)
  async changed(data: { name: string; count: number }, ctx: EventContext): Promise<void> {
    this.seen.push(`${data.name} ${ctx.source}`);
  }
}

let world: MessagingWorld;
const apps: { app: INestMicroservice; database: Database }[] = [];

beforeAll(async () => {
  world = await MessagingWorld.start(SAMPLE_SERVICES);
}, 30_000);

afterEach(async () => {
  for (const { app, database } of apps.splice(0)) {
    await app.close();
    await database.close();
  }
  await world.leave();
});

afterAll(async () => {
  await world.close();
});

async function boot(
  service: 'power' | 'saga-coordinator' | 'inventory',
  controllers: (new () => object)[],
): Promise<INestMicroservice> {
  const database = await Database.open({
    url: world.databases.url(service),
    schema: service,
    applicationName: service,
  });
  const messaging = new Messaging({
    service,
    version: '1.2.3',
    database,
    nats: { url: world.nats.url, seed: world.nats.user(service).seed },
    limits: TEST_LIMITS,
    sends: [setMark, driveDevice],
  });
  @Module({ imports: [MessagingModule.forService(messaging)], controllers })
  class ServiceModule {}
  const app = await NestFactory.createMicroservice(ServiceModule, {
    strategy: new NatsMessagingStrategy(messaging),
    logger: false,
  });
  await app.listen();
  await waitFor(() => messaging.connected);
  apps.push({ app, database });
  return app;
}

const bootPower = (): Promise<INestMicroservice> => boot('power', [PowerHandlers]);
const joinAsker = (): Promise<Replica> => world.join('saga-coordinator', { sends: [setMark, driveDevice] });

describe('a Nest service', () => {
  it('handles commands, batches and outcomes with decorated methods', async () => {
    const power = await bootPower();
    const coordinator = await boot('saga-coordinator', [CoordinatorHandlers]);
    const { commands } = coordinator.get(Messaging);
    const database = apps[1]?.database;
    await database?.transaction(async (tx) => {
      await commands.sendMany(tx, [
        { command: setMark, input: { name: 'a' } },
        { command: setMark, input: { name: 'b' } },
        { command: driveDevice, input: { device: 'none' } },
        { command: driveDevice, input: { device: 'bmc-1' } },
      ]);
    });
    const handlers = coordinator.get(CoordinatorHandlers);
    await waitFor(() => handlers.received.length === 3);
    const kinds = handlers.received.map(({ command, outcome }) => `${command.name} ${outcome.kind}`).sort();
    expect(kinds).toEqual(['drive-device refused', 'set-mark done', 'set-mark done']);
    expect(power.get(PowerHandlers).driven).toEqual(['bmc-1 for saga-coordinator']);
  });

  it('listens to events with decorated methods', async () => {
    const power = await bootPower();
    const inventory = await boot('inventory', [InventoryHandlers]);
    await apps[0]?.database.transaction((tx) =>
      power.get(Messaging).events.emit(tx, markChanged, { name: 'a', count: 1 }),
    );
    await waitFor(() => inventory.get(InventoryHandlers).seen.includes('a /rackwright/power'));
  });
});

describe('a query', () => {
  it('is answered, with the actor handed on', async () => {
    await bootPower();
    const { queries } = (await joinAsker()).messaging;
    expect(await queries.query(markRead, { name: 'a' })).toEqual({ count: 3 });
    expect(await queries.query(markRead, { name: 'a' }, { actor: 'alice' })).toEqual({ count: 7 });
  });

  it('fails with the code and details of the answerer', async () => {
    await bootPower();
    const { queries } = (await joinAsker()).messaging;
    await expect(queries.query(markRead, { name: 'missing' })).rejects.toMatchObject({
      code: 'mark.not-found',
      message: 'no such mark',
      details: { name: 'missing' },
    });
  });

  it('fails without telling the inside of a bug', async () => {
    await bootPower();
    const { queries } = (await joinAsker()).messaging;
    await expect(queries.query(markRead, { name: 'bug' })).rejects.toMatchObject({
      code: 'messaging.answer-failed',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('with invalid input is refused with a problem body and both error headers', async () => {
    await bootPower();
    const { link } = (await joinAsker()).messaging;
    const reply = await link.request('rw.qry.power.read-mark.v1', '{"name":7}', { timeoutMs: 2_000 });
    expect(reply.headers?.get('Nats-Service-Error-Code')).toBe('400');
    expect(reply.headers?.get('Nats-Service-Error')).not.toBe('');
    expect(reply.json()).toMatchObject({
      type: 'urn:rackwright:messaging.invalid-input',
      code: 'messaging.invalid-input',
    });
  });

  it('that nobody answers fails at once with its own code', async () => {
    const { queries } = (await joinAsker()).messaging;
    await expect(queries.query(markRead, { name: 'a' })).rejects.toMatchObject({ code: 'messaging.no-responders' });
  });
});

describe('service discovery', () => {
  it('finds every service, with the summary and schema of its endpoints', async () => {
    await bootPower();
    const asker = await joinAsker();
    const connection = asker.messaging.link.current;
    expect(connection).toBeDefined();
    if (connection === undefined) return;
    const client = new Svcm(connection).client();
    const names: string[] = [];
    for await (const { name } of await client.ping()) names.push(name);
    expect(names.sort()).toEqual(['power', 'saga-coordinator']);
    for await (const info of await client.info('power')) {
      expect(info).toMatchObject({ version: '1.2.3' });
      expect(info.endpoints[0]).toMatchObject({
        subject: 'rw.qry.power.read-mark.v1',
        metadata: { summary: markRead.summary, schema: 'rw.qry.power.read-mark.v1.json' },
      });
    }
  });
});

describe('allow-lists', () => {
  it('stop a service from publishing what is not its own', async () => {
    await bootPower();
    const inventory = await world.join('inventory');
    await expect(
      inventory.messaging.link.request('rw.cmd.power.set-mark.v1', '[]', { timeoutMs: 500 }),
    ).rejects.toMatchObject({ code: 'messaging.forbidden' });
    await waitFor(() => inventory.log.some((line) => line.includes('rw.cmd.power.set-mark.v1')));
  });

  it('stop a service from listening to the commands of another', async () => {
    const inventory = await world.join('inventory');
    inventory.messaging.link.current?.subscribe('rw.cmd.power.>', { callback: () => undefined });
    await waitFor(() => inventory.log.some((line) => line.includes('rw.cmd.power.>')));
  });

  it('let nobody in without a key', async () => {
    const stranger = new Messaging({
      service: 'power',
      version: '1.0.0',
      database: (await world.join('power')).database,
      nats: { url: world.nats.url, seed: createNatsIdentity().seed },
      log: { info: () => undefined, warn: (message) => void warnings.push(message), error: () => undefined },
    });
    const warnings: string[] = [];
    stranger.start();
    await waitFor(() => warnings.some((line) => /authorization/i.test(line)));
    expect(stranger.connected).toBe(false);
    await stranger.close();
  });

  it('make a configuration that the server accepts', async () => {
    const program = await findNatsServer();
    const folder = mkdtempSync(join(tmpdir(), 'rackwright-nats-'));
    const file = join(folder, 'nats.conf');
    for (const services of [SAMPLE_SERVICES, []]) {
      const users = services.map((messages) => ({
        publicKey: createNatsIdentity().publicKey,
        permissions: subjectPermissions({ ...messages, definitions: SAMPLE_DEFINITIONS }),
      }));
      writeFileSync(file, natsServerConfig({ port: 4222, storeDir: folder, users }));
      expect(() => execFileSync(program, ['-t', '-c', file], { stdio: 'pipe' })).not.toThrow();
    }
    rmSync(folder, { recursive: true });
  });
});
