import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { InputOf, Outcome } from '@rackwright/contracts';
import { SeededRandom } from '@rackwright/kernel';
import type { Database } from '@rackwright/persistence';
import { waitFor } from '@rackwright/testing';
import { deferred, type CommandItem, type HandlerRegistry, type ReceivedOutcome, type ReplyRef } from './handlers.js';
import { ScriptedFaults } from './message-faults.js';
import { countOf, MessagingWorld, type JoinOptions, type Replica } from './testing/messaging-world.js';
import { driveDevice, SAMPLE_SERVICES, setMark, setMarkV2 } from './testing/sample-messages.js';

const TABLES = `
  CREATE TABLE IF NOT EXISTS mark (name text PRIMARY KEY, count integer NOT NULL);
  CREATE TABLE IF NOT EXISTS operation (id text PRIMARY KEY, ref text NOT NULL)`;

let world: MessagingWorld;

beforeAll(async () => {
  world = await MessagingWorld.start(SAMPLE_SERVICES);
}, 30_000);

beforeEach(async () => {
  for (const service of ['power', 'saga-coordinator'] as const) await wipe(service);
});

afterEach(async () => {
  await world.leave();
  if (!world.nats.isRunning) await world.nats.start();
});

afterAll(async () => {
  await world.close();
});

async function wipe(service: 'power' | 'saga-coordinator'): Promise<void> {
  const replica = await world.join(service, { offline: true, tables: TABLES });
  await replica.database.query(
    'TRUNCATE messaging_outbox, messaging_inbox, messaging_parked, messaging_failure, messaging_waiting, mark, operation',
  );
  await replica.close();
}

/** A handler that counts, so that a second effect would show. */
function counting(registry: HandlerRegistry, before?: (item: CommandItem) => void): void {
  registry.handleCommand(setMark, async (items) => {
    const outcomes: Outcome[] = [];
    for (const item of items) {
      before?.(item);
      const { name } = item.input as InputOf<typeof setMark>;
      const [row] = await item.context.tx.query<{ count: number }>(
        'INSERT INTO mark VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET count = mark.count + 1 RETURNING count',
        [name],
      );
      outcomes.push({ kind: 'done', result: { name, count: row?.count } });
    }
    return outcomes;
  });
}

const joinPower = (options: JoinOptions = {}): Promise<Replica> =>
  world.join('power', { register: (registry) => counting(registry), ...options });

interface Coordinator extends Replica {
  readonly received: ReceivedOutcome[];
}

async function joinCoordinator(options: JoinOptions = {}): Promise<Coordinator> {
  const received: ReceivedOutcome[] = [];
  const replica = await world.join('saga-coordinator', {
    sends: [setMark, setMarkV2, driveDevice],
    register: (registry) =>
      registry.receiveOutcomes(async (outcomes) => {
        received.push(...outcomes);
      }),
    ...options,
  });
  return { ...replica, received };
}

function send(from: Replica, name: string, step = name, extra: Record<string, unknown> = {}): Promise<string> {
  return from.database.transaction((tx) =>
    from.messaging.commands.send(tx, setMark, { name, ...extra }, { key: { sagaId: 'run_1', step, epoch: 1 } }),
  );
}

const unfinished = (database: Database): Promise<number> =>
  countOf(database, 'SELECT count(*) AS n FROM messaging_outbox WHERE finished_at IS NULL');
const marks = (database: Database, name: string): Promise<number> =>
  countOf(database, 'SELECT coalesce(sum(count), 0) AS n FROM mark WHERE name = $1', [name]);
const parked = (database: Database): Promise<{ side: string; code: string; raw: Buffer; attempts: number }[]> =>
  database.query('SELECT side, code, raw, attempts FROM messaging_parked ORDER BY id');

describe('a command', () => {
  it('has its effect and its outcome comes back, with nothing left in either outbox', async () => {
    const power = await joinPower();
    const coordinator = await joinCoordinator();
    const id = await send(coordinator, 'a');
    await waitFor(() => coordinator.received.length === 1);
    expect(coordinator.received[0]).toMatchObject({
      commandId: id,
      command: { service: 'power', name: 'set-mark', version: 1 },
      key: { sagaId: 'run_1', step: 'a', epoch: 1 },
      outcome: { kind: 'done', result: { name: 'a', count: 1 } },
    });
    await waitFor(async () => (await unfinished(coordinator.database)) + (await unfinished(power.database)) === 0);
  });

  it('has one effect when every batch and every receipt comes five times', async () => {
    const faults = new ScriptedFaults(
      [{ point: 'batch', action: { kind: 'duplicate', times: 4 } }],
      new SeededRandom(1),
    );
    const power = await joinPower({ faults });
    const coordinator = await joinCoordinator({ faults });
    for (const name of ['a', 'b', 'c']) await send(coordinator, name);
    await waitFor(() => coordinator.received.length >= 3);
    await waitFor(async () => (await unfinished(coordinator.database)) + (await unfinished(power.database)) === 0);
    expect(faults.fired('batch', 'duplicate')).toBeGreaterThanOrEqual(4);
    for (const name of ['a', 'b', 'c']) expect(await marks(power.database, name)).toBe(1);
    expect(coordinator.received.map((outcome) => outcome.key?.step).sort()).toEqual(['a', 'b', 'c']);
  });

  it('is the same message when its step is sent again, and is answered with the stored outcome', async () => {
    const power = await joinPower();
    const coordinator = await joinCoordinator();
    const first = await send(coordinator, 'a');
    await waitFor(() => coordinator.received.length === 1);
    await waitFor(async () => (await unfinished(power.database)) === 0);
    // As after restoring the asker from a backup: it no longer knows that it was answered.
    await coordinator.database.query('TRUNCATE messaging_inbox');
    const second = await send(coordinator, 'a');
    await waitFor(() => coordinator.received.length === 2);
    expect(second).toBe(first);
    expect(coordinator.received[1]?.outcome).toEqual(coordinator.received[0]?.outcome);
    expect(await marks(power.database, 'a')).toBe(1);
  });

  it('is not sent when its transaction rolls back', async () => {
    await joinPower();
    const coordinator = await joinCoordinator();
    await expect(
      coordinator.database.transaction(async (tx) => {
        await coordinator.messaging.commands.send(tx, setMark, { name: 'a' });
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await unfinished(coordinator.database)).toBe(0);
  });

  it('travels with others in one message and one transaction when many wait', async () => {
    const groups: number[] = [];
    const power = await joinPower({
      register: (registry) =>
        registry.handleCommand(setMark, async (items) => {
          groups.push(items.length);
          return items.map(() => ({ kind: 'done' as const, result: { name: 'x', count: 1 } }));
        }),
    });
    const coordinator = await joinCoordinator();
    await coordinator.database.transaction((tx) =>
      coordinator.messaging.commands.sendMany(
        tx,
        Array.from({ length: 200 }, (_, index) => ({ command: setMark, input: { name: `m${index}` } })),
      ),
    );
    await waitFor(() => coordinator.received.length === 200);
    expect(groups).toEqual([200]);
    await waitFor(async () => (await unfinished(power.database)) === 0);
  });

  it('that drives a device is answered later, from its row', async () => {
    const power = await joinPower({
      register: (registry) =>
        registry.handleCommand(driveDevice, async ([item]) => {
          await item?.context.tx.query('INSERT INTO operation VALUES ($1, $2)', [
            item.context.messageId,
            JSON.stringify(item.context.replyRef),
          ]);
          return [deferred()];
        }),
    });
    const coordinator = await joinCoordinator();
    await coordinator.database.transaction((tx) =>
      coordinator.messaging.commands.send(tx, driveDevice, { device: 'bmc-1' }),
    );
    const [operation] = await waitFor(async () => {
      const rows = await power.database.query<{ ref: string }>('SELECT ref FROM operation');
      return rows.length > 0 ? rows : undefined;
    });
    await waitFor(async () => (await unfinished(coordinator.database)) === 0);
    expect(coordinator.received).toEqual([]);
    const ref = JSON.parse(operation?.ref ?? '') as ReplyRef;
    await power.database.transaction((tx) =>
      power.messaging.outcomes.reply(tx, ref, { kind: 'done', result: { device: 'bmc-1' } }),
    );
    // A worker that comes back from the dead with another answer changes nothing.
    await power.database.transaction((tx) =>
      power.messaging.outcomes.reply(tx, ref, { kind: 'unknown', code: 'x', message: 'late' }),
    );
    await waitFor(() => coordinator.received.length === 1);
    expect(coordinator.received[0]?.outcome).toMatchObject({ kind: 'done' });
  });
});

describe('a lost message', () => {
  it('is sent again when the receipt never comes, and has one effect', async () => {
    const faults = new ScriptedFaults([{ point: 'receipt', action: { kind: 'drop' }, times: 1 }], new SeededRandom(1));
    const power = await joinPower({ faults });
    const coordinator = await joinCoordinator({ limits: { receiptTimeoutMs: 150 } });
    await send(coordinator, 'a');
    await waitFor(async () => (await unfinished(coordinator.database)) === 0);
    expect(faults.fired('receipt', 'drop')).toBe(1);
    expect(await marks(power.database, 'a')).toBe(1);
    await waitFor(() => coordinator.received.length === 1);
  });

  it('is sent again when the batch is lost, late or out of order', async () => {
    const faults = new ScriptedFaults(
      [
        { point: 'batch', action: { kind: 'drop' }, times: 2 },
        { point: 'batch', action: { kind: 'reorder', withinMs: 100 }, times: 2 },
        { point: 'batch', action: { kind: 'delay', delayMs: 30 }, times: 2 },
      ],
      new SeededRandom(1),
    );
    const power = await joinPower();
    const coordinator = await joinCoordinator({ faults });
    for (let index = 0; index < 8; index++) await send(coordinator, `m${index}`);
    await waitFor(() => coordinator.received.length === 8);
    expect(faults.fired()).toBe(6);
    expect(await countOf(power.database, 'SELECT count(*) AS n FROM mark WHERE count = 1')).toBe(8);
  });

  it('has no receipt when the receiver dies before its commit, and its effect later', async () => {
    let isFirst = true;
    const power = await joinPower({
      register: (registry, database) =>
        counting(registry, () => {
          if (!isFirst) return;
          isFirst = false;
          // The backend of this very transaction is ended by an administrator: it can never commit.
          void database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND usename = current_user",
          );
        }),
    });
    const coordinator = await joinCoordinator();
    await send(coordinator, 'a');
    await waitFor(() => coordinator.received.length === 1, { withinMs: 8_000 });
    expect(isFirst).toBe(false);
    expect(await marks(power.database, 'a')).toBe(1);
  });

  it('waits in the outbox while nobody listens, and goes when somebody does', async () => {
    const coordinator = await joinCoordinator();
    await send(coordinator, 'a');
    await waitFor(() => countOf(coordinator.database, 'SELECT max(attempts) AS n FROM messaging_outbox'));
    await joinPower();
    await waitFor(() => coordinator.received.length === 1);
  });

  it('waits in the outbox while NATS is down, and nothing is lost when it was killed under load', async () => {
    const power = await joinPower();
    const coordinator = await joinCoordinator();
    const sent: Promise<string>[] = [];
    for (let index = 0; index < 60; index++) {
      sent.push(send(coordinator, `m${index}`));
      if (index === 20) await world.nats.stop('SIGKILL');
    }
    await Promise.all(sent);
    expect(await unfinished(coordinator.database)).toBeGreaterThan(0);
    await world.nats.start();
    await waitFor(() => coordinator.received.length === 60, { withinMs: 15_000 });
    await waitFor(async () => (await unfinished(coordinator.database)) + (await unfinished(power.database)) === 0);
    expect(await countOf(power.database, 'SELECT count(*) AS n FROM mark WHERE count = 1')).toBe(60);
  });

  it('is sent by another replica when the one that wrote it died', async () => {
    const power = await joinPower();
    const dead = await joinCoordinator({
      faults: new ScriptedFaults([{ point: 'batch', action: { kind: 'drop' } }], new SeededRandom(1)),
    });
    await send(dead, 'a');
    await dead.close();
    const heir = await joinCoordinator();
    await waitFor(() => heir.received.length === 1);
    expect(await marks(power.database, 'a')).toBe(1);
  });

  it('is claimed by one of two sweeping replicas at a time', async () => {
    const power = await joinPower();
    const offline = await joinCoordinator({
      faults: new ScriptedFaults([{ point: 'batch', action: { kind: 'drop' } }], new SeededRandom(1)),
    });
    for (let index = 0; index < 40; index++) await send(offline, `m${index}`);
    await offline.close();
    const [first, second] = await Promise.all([joinCoordinator(), joinCoordinator()]);
    await waitFor(() => first.received.length + second.received.length === 40);
    expect(await countOf(power.database, 'SELECT count(*) AS n FROM mark WHERE count = 1')).toBe(40);
    const steps = [...first.received, ...second.received].map((outcome) => outcome.key?.step);
    expect(new Set(steps).size).toBe(40);
  });
});

describe('an ask', () => {
  it('gives the outcome', async () => {
    await joinPower();
    const coordinator = await joinCoordinator();
    const outcome = await coordinator.messaging.commands.ask(setMark, { name: 'a' }, { timeoutMs: 5_000 });
    expect(outcome).toEqual({ kind: 'done', result: { name: 'a', count: 1 } });
    expect(coordinator.received).toEqual([]);
  });

  it('gets its outcome whichever replica receives it', async () => {
    await joinPower();
    const replicas = await Promise.all([joinCoordinator(), joinCoordinator(), joinCoordinator()]);
    const asks = Array.from({ length: 12 }, (_, index) =>
      replicas[index % 3]?.messaging.commands.ask(setMark, { name: `n${index}` }, { timeoutMs: 5_000 }),
    );
    const outcomes = await Promise.all(asks);
    expect(outcomes.every((outcome) => outcome?.kind === 'done')).toBe(true);
  });

  it('ends with a time-out that says that nothing is known, and picks the outcome up when asked again', async () => {
    const coordinator = await joinCoordinator();
    const options = { key: { sagaId: 'run_1', step: 'ask', epoch: 1 } };
    await expect(
      coordinator.messaging.commands.ask(setMark, { name: 'a' }, { ...options, timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'messaging.ask-timeout' });
    const power = await joinPower();
    const outcome = await coordinator.messaging.commands.ask(setMark, { name: 'a' }, { ...options, timeoutMs: 5_000 });
    expect(outcome).toMatchObject({ kind: 'done' });
    expect(await marks(power.database, 'a')).toBe(1);
  });
});

describe('a message that cannot be handled', () => {
  it('does not fail its batch; it is parked with its evidence and its asker told "unknown"', async () => {
    const notices: string[] = [];
    const power = await joinPower({
      limits: { handlerAttemptsMax: 3 },
      onParked: (notice) => void notices.push(notice.code),
      register: (registry) =>
        counting(registry, (item) => {
          if ((item.input as { name: string }).name === 'poison') throw new Error('cannot digest');
        }),
    });
    const coordinator = await joinCoordinator();
    await coordinator.database.transaction((tx) =>
      coordinator.messaging.commands.sendMany(
        tx,
        ['a', 'poison', 'b'].map((name) => ({
          command: setMark,
          input: { name },
          options: { key: { sagaId: 'r', step: name, epoch: 1 } },
        })),
      ),
    );
    await waitFor(() => coordinator.received.length === 3);
    const byStep = new Map(coordinator.received.map((outcome) => [outcome.key?.step, outcome.outcome]));
    expect(byStep.get('a')).toMatchObject({ kind: 'done' });
    expect(byStep.get('b')).toMatchObject({ kind: 'done' });
    expect(byStep.get('poison')).toMatchObject({ kind: 'unknown', code: 'messaging.handler-failed' });
    const [evidence] = await parked(power.database);
    expect(evidence).toMatchObject({ side: 'received', code: 'messaging.handler-failed', attempts: 3 });
    expect(evidence?.raw.toString()).toContain('"name":"poison"');
    expect(notices).toEqual(['messaging.handler-failed']);
    await waitFor(async () => (await parked(coordinator.database)).length === 1);
    expect(await unfinished(coordinator.database)).toBe(0);
    expect(await marks(power.database, 'a')).toBe(1);
  });

  it('of a version nobody knows is refused, parked on both sides and not sent for ever', async () => {
    const power = await joinPower();
    const coordinator = await joinCoordinator();
    await coordinator.database.transaction((tx) => coordinator.messaging.commands.send(tx, setMarkV2, { name: 'a' }));
    await waitFor(() => coordinator.received.length === 1);
    expect(coordinator.received[0]?.outcome).toMatchObject({ kind: 'refused', code: 'messaging.unknown-message' });
    await waitFor(async () => (await parked(coordinator.database)).length === 1);
    expect((await parked(power.database))[0]).toMatchObject({ code: 'messaging.unknown-message' });
    expect(await unfinished(coordinator.database)).toBe(0);
  });

  it('with invalid input is refused without running its handler', async () => {
    const power = await joinPower();
    const coordinator = await joinCoordinator();
    await send(coordinator, '', 'empty');
    await send(coordinator, 'good');
    await waitFor(() => coordinator.received.length === 2);
    const refused = coordinator.received.find((outcome) => outcome.key?.step === 'empty');
    expect(refused?.outcome).toMatchObject({ kind: 'refused', code: 'messaging.invalid-input' });
    expect(await marks(power.database, '')).toBe(0);
    expect((await parked(power.database)).map((row) => row.code)).toEqual(['messaging.invalid-input']);
  });

  it('and is too long for the receiver is refused, its neighbours are taken', async () => {
    const power = await joinPower({ limits: { itemBytesMax: 2_000 } });
    const coordinator = await joinCoordinator();
    await coordinator.database.transaction((tx) =>
      coordinator.messaging.commands.sendMany(tx, [
        {
          command: setMark,
          input: { name: 'long', padding: 'x'.repeat(5_000) },
          options: { key: { sagaId: 'r', step: 'long', epoch: 1 } },
        },
        { command: setMark, input: { name: 'short' } },
      ]),
    );
    await waitFor(() => coordinator.received.length === 2);
    expect(coordinator.received.find((outcome) => outcome.key?.step === 'long')?.outcome).toMatchObject({
      kind: 'refused',
      code: 'messaging.oversized',
    });
    expect(await marks(power.database, 'short')).toBe(1);
  });

  it('and is too long to be sent at all fails in the transaction of its sender', async () => {
    const coordinator = await joinCoordinator();
    await expect(send(coordinator, 'a', 'a', { padding: 'x'.repeat(600_000) })).rejects.toMatchObject({
      code: 'messaging.too-large',
    });
    expect(await unfinished(coordinator.database)).toBe(0);
  });

  it('and is no message at all is parked as it came', async () => {
    const power = await joinPower();
    const coordinator = await joinCoordinator();
    const reply = await coordinator.messaging.link.request('rw.cmd.power.set-mark.v1', 'not json', {
      timeoutMs: 2_000,
    });
    expect(reply.headers?.get('Nats-Service-Error')).toBe('messaging.malformed');
    const [evidence] = await parked(power.database);
    expect(evidence?.raw.toString()).toBe('not json');
  });

  it('answers that break the contract become "unknown" at the asker', async () => {
    await joinPower({
      register: (registry) =>
        registry.handleCommand(setMark, async (items) =>
          items.map(() => ({ kind: 'done' as const, result: { wrong: true } })),
        ),
    });
    const coordinator = await joinCoordinator();
    await send(coordinator, 'a');
    await waitFor(() => coordinator.received.length === 1);
    expect(coordinator.received[0]?.outcome).toMatchObject({ kind: 'unknown', code: 'messaging.invalid-outcome' });
    expect((await parked(coordinator.database))[0]).toMatchObject({ code: 'messaging.invalid-outcome' });
  });
});
