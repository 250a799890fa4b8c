import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Guard, Outcome } from '@rackwright/contracts';
import { SystemClock } from '@rackwright/kernel';
import { Database, migrate } from '@rackwright/persistence';
import { freshDatabase, TcpProxy, urlOf, waitFor, type TestDatabase } from '@rackwright/testing';
import { DeviceWork, type DeviceWorkOptions } from './device-work.js';
import { deviceWorkMigrations } from './device-work.migrations.js';
import { type LaneHandler, oneByOne } from './operation.js';

const clock = new SystemClock();
const done = (subject: string): Outcome => ({
  kind: 'done',
  result: { evidence: [{ fact: 'set', subject, value: 'on', at: '2026-01-01T00:00:00Z', source: 'test' }] },
});

describe('device work', () => {
  let home: TestDatabase;
  let database: Database;
  const running: DeviceWork[] = [];
  const replies: { ref: unknown; outcome: Outcome }[] = [];

  beforeAll(async () => {
    home = await freshDatabase('power');
    await migrate(home.url('power'), { schema: 'power', migrations: deviceWorkMigrations });
    database = await Database.open({ url: home.url('power'), schema: 'power', applicationName: 'device-work-spec' });
  });
  afterEach(async () => {
    for (const work of running.splice(0)) await work.stop();
    replies.splice(0);
    await database.query('TRUNCATE device_operations, device_commands, device_lanes, open_calls, epoch_copies');
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  function workWith(
    handler: Partial<LaneHandler> & Pick<LaneHandler, 'work'>,
    options: Partial<DeviceWorkOptions> = {},
  ): DeviceWork {
    const work = new DeviceWork({
      database,
      clock,
      owner: 'worker-1',
      replies: { reply: (_tx, ref, outcome) => Promise.resolve(void replies.push({ ref, outcome })) },
      handlers: [{ prefix: 'switch', endCalls: () => Promise.resolve('revoked'), ...handler }],
      ...options,
    });
    running.push(work);
    return work;
  }

  const record = (
    work: DeviceWork,
    messageId: string,
    lanes: string[],
    more: { guards?: Guard[]; deadlineMs?: number } = {},
  ) =>
    database.transaction((tx) =>
      work.record(
        {
          tx,
          messageId,
          replyRef: { id: messageId },
          deadline: new Date(clock.now().getTime() + (more.deadlineMs ?? 5_000)),
        },
        { kind: 'close-ports', guards: more.guards ?? [], parts: lanes.map((lane) => ({ lane, input: { lane } })) },
      ),
    );
  const raise = (work: DeviceWork, messageId: string, guards: Guard[]) =>
    database.transaction((tx) => work.raise({ tx, messageId, replyRef: { id: messageId } }, guards));
  const replied = (id: string) => replies.find((reply) => (reply.ref as { id: string }).id === id)?.outcome;

  it('answers a command once, when all its devices have answered, with the evidence of all', async () => {
    const work = workWith({
      work: oneByOne((operation) => Promise.resolve({ kind: 'finished', outcome: done(operation.lane) })),
    });
    work.start();
    await record(work, 'c1', ['switch:a', 'switch:b']);
    await record(work, 'c1', ['switch:a', 'switch:b']);
    await waitFor(() => replied('c1') !== undefined, { withinMs: 5_000 });
    expect(replied('c1')).toMatchObject({
      kind: 'done',
      result: { evidence: [{ subject: 'switch:a' }, { subject: 'switch:b' }] },
    });
    expect(replies).toHaveLength(1);
  });

  it('gives everything that is due for one device to one turn', async () => {
    const batches: number[] = [];
    const work = workWith({
      work: (operations) => {
        batches.push(operations.length);
        return Promise.resolve(
          new Map(operations.map((operation) => [operation.id, { kind: 'finished', outcome: done('x') }])),
        );
      },
    });
    for (const id of ['m1', 'm2', 'm3']) await record(work, id, ['switch:a']);
    work.start();
    await waitFor(() => replies.length === 3, { withinMs: 5_000 });
    expect(batches).toEqual([3]);
  });

  it('ends as unknown, never as done, what does not settle before its deadline', async () => {
    const work = workWith({
      work: oneByOne(() => Promise.resolve({ kind: 'again', afterMs: 10, note: 'lock held by admin' })),
    });
    work.start();
    await record(work, 'late', ['switch:a'], { deadlineMs: 150 });
    await waitFor(() => replied('late') !== undefined, { withinMs: 5_000 });
    expect(replied('late')).toMatchObject({
      kind: 'unknown',
      code: 'deadline',
      message: expect.stringContaining('lock held by admin') as unknown,
    });
  });

  it('refuses a command of an older epoch at the door, and one that waits when the epoch is raised', async () => {
    let turns = 0;
    const work = workWith({
      work: oneByOne(() => {
        turns++;
        return Promise.resolve({ kind: 'again', afterMs: 20, note: 'busy' });
      }),
    });
    work.start();
    await raise(work, 'r1', [{ subject: 'srv_1', epoch: 1 }]);
    expect(await record(work, 'ahead', ['switch:a'], { guards: [{ subject: 'srv_1', epoch: 2 }] })).toMatchObject({
      code: 'epoch-not-raised',
    });
    expect(await record(work, 'old', ['switch:a'], { guards: [{ subject: 'srv_1', epoch: 1 }] })).toBeUndefined();
    await waitFor(() => turns > 0, { withinMs: 5_000 });
    await raise(work, 'r2', [{ subject: 'srv_1', epoch: 2 }]);
    await waitFor(() => replied('old') !== undefined && replied('r2') !== undefined, { withinMs: 5_000 });
    expect(replied('old')).toMatchObject({ kind: 'refused', code: 'stale-epoch' });
    expect(await record(work, 'older', ['switch:a'], { guards: [{ subject: 'srv_1', epoch: 1 }] })).toMatchObject({
      kind: 'refused',
      code: 'stale-epoch',
    });
  });

  it('says that old calls have ended only when the open call has got its answer, and permits no further send', async () => {
    let answer = (): void => undefined;
    let sendAgain: (() => Promise<unknown>) | undefined;
    const work = workWith({
      work: oneByOne(async (operation, context) => {
        const { gate } = context.call([operation], 1_000);
        const send = { device: 'a', verb: 'SET', target: 'port', mutating: true };
        const ticket = await gate.permit(send);
        await new Promise<void>((resolve) => (answer = resolve));
        sendAgain = () => gate.permit(send);
        await ticket.close('answered');
        return { kind: 'finished', outcome: done('a') };
      }),
    });
    work.start();
    await raise(work, 'r1', [{ subject: 'srv_1', epoch: 1 }]);
    await record(work, 'slow', ['switch:a'], { guards: [{ subject: 'srv_1', epoch: 1 }] });
    const openCalls = async (): Promise<number> =>
      (await database.query('SELECT 1 FROM open_calls WHERE closed_at IS NULL')).length;
    await waitFor(async () => (await openCalls()) === 1, { withinMs: 5_000 });
    await raise(work, 'r2', [{ subject: 'srv_1', epoch: 2 }]);
    await waitFor(
      async () =>
        (await database.query(`SELECT 1 FROM device_operations WHERE command_id = 'r2' AND turn > 2`)).length === 1,
      { withinMs: 5_000 },
    );
    expect(replied('r2')).toBeUndefined();
    answer();
    await waitFor(() => replied('r2') !== undefined, { withinMs: 5_000 });
    await expect(sendAgain?.()).rejects.toMatchObject({ code: 'device.stale-epoch' });
  });

  it('closes the row of a call later when its answer came while the database was away', async () => {
    const proxy = await TcpProxy.start({ targetPort: home.port });
    const url = urlOf(home.url('power'), { port: proxy.port });
    const flaky = await Database.open({ url, schema: 'power', applicationName: 'device-work-spec-flaky' });
    const work = workWith(
      {
        work: oneByOne(async (operation, context) => {
          if (proxy.fired.cuts > 0) return { kind: 'finished', outcome: done('a') };
          const ticket = await context
            .call([operation], 1_000)
            .gate.permit({ device: 'a', verb: 'SET', target: 'port', mutating: true });
          proxy.block();
          await ticket.close('answered');
          return { kind: 'finished', outcome: done('a') };
        }),
      },
      { database: flaky },
    );
    work.start();
    await record(work, 'c1', ['switch:a']);
    await waitFor(() => proxy.fired.cuts > 0, { withinMs: 5_000 });
    expect(await database.query('SELECT 1 FROM open_calls WHERE closed_at IS NULL')).toHaveLength(1);
    proxy.restore();
    await waitFor(
      async () => (await database.query(`SELECT 1 FROM open_calls WHERE ended = 'answered'`)).length === 1,
      {
        withinMs: 10_000,
      },
    );
    await waitFor(() => replied('c1') !== undefined, { withinMs: 10_000 });
    await work.stop();
    await flaky.close();
    await proxy.close();
  });

  it('lets a successor take a device over only after ending the calls of the one before, who can send no more', async () => {
    const held: { permit?: () => Promise<unknown> } = {};
    const first = workWith(
      {
        work: oneByOne(async (operation, context) => {
          const { gate } = context.call([operation], 1_000);
          const send = { device: 'a', verb: 'SET', target: 'port', mutating: true };
          await gate.permit(send);
          held.permit = () => gate.permit(send);
          return { kind: 'again', afterMs: 60_000, note: 'paused' };
        }),
      },
      { owner: 'paused', leaseMs: 200 },
    );
    first.start();
    await record(first, 'c1', ['switch:a'], { deadlineMs: 60_000 });
    await waitFor(() => held.permit !== undefined, { withinMs: 5_000 });
    await database.query('UPDATE device_operations SET due_at = now()');
    await first.stop();
    const endedLanes: string[] = [];
    const second = workWith(
      {
        endCalls: (lane) => Promise.resolve(void endedLanes.push(lane)).then(() => 'revoked' as const),
        work: oneByOne(() => Promise.resolve({ kind: 'finished', outcome: done('a') })),
      },
      { owner: 'successor' },
    );
    await database.query('UPDATE device_operations SET due_at = now()');
    second.start();
    await waitFor(() => replied('c1') !== undefined, { withinMs: 5_000 });
    expect(endedLanes).toEqual(['switch:a']);
    await expect(held.permit?.()).rejects.toMatchObject({ code: 'device.stale-epoch' });
  });
});
