import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import type { EventContext } from './handlers.js';
import type { StoredEvent } from './event-reader.js';
import { ScriptedFaults } from './message-faults.js';
import { countOf, MessagingWorld, type JoinOptions, type Replica } from './testing/messaging-world.js';
import { markChanged, SAMPLE_SERVICES } from './testing/sample-messages.js';

const TABLES =
  'CREATE TABLE IF NOT EXISTS seen (event_id text PRIMARY KEY, name text NOT NULL, times integer NOT NULL)';

let world: MessagingWorld;

beforeAll(async () => {
  world = await MessagingWorld.start(SAMPLE_SERVICES);
}, 30_000);

beforeEach(async () => {
  await world.nats.stop('SIGKILL');
  world.nats.wipe();
  await world.nats.start();
  for (const service of ['power', 'inventory'] as const) {
    const replica = await world.join(service, { offline: true, tables: TABLES });
    await replica.database.query(
      'TRUNCATE messaging_event, messaging_inbox, messaging_parked, messaging_failure, seen',
    );
    await replica.close();
  }
});

afterEach(async () => {
  await world.leave();
});

afterAll(async () => {
  await world.close();
});

/** A listener that counts how often each event took effect. */
function joinInventory(options: JoinOptions = {}, before?: (name: string) => void): Promise<Replica> {
  return world.join('inventory', {
    register: (registry) =>
      registry.listenTo(markChanged, async (data, context: EventContext) => {
        const { name } = data as { name: string };
        before?.(name);
        await context.tx.query(
          'INSERT INTO seen VALUES ($1, $2, 1) ON CONFLICT (event_id) DO UPDATE SET times = seen.times + 1',
          [context.eventId, name],
        );
      }),
    ...options,
  });
}

async function emit(power: Replica, from: number, to: number): Promise<void> {
  for (let count = from; count < to; count++) {
    await power.database.transaction((tx) =>
      power.messaging.events.emit(tx, markChanged, { name: `n${count}`, count }),
    );
  }
}

const seen = (inventory: Replica): Promise<number> =>
  countOf(inventory.database, 'SELECT count(*) AS n FROM seen WHERE times = 1');
const unpublished = (power: Replica): Promise<number> =>
  countOf(power.database, 'SELECT count(*) AS n FROM messaging_event WHERE published_at IS NULL');

async function wipeNats(): Promise<void> {
  await world.nats.stop('SIGKILL');
  world.nats.wipe();
  await world.nats.start();
}

/** Collects what a reader gives, in the background. */
function follow(gateway: Replica, fromSequence: number): { events: StoredEvent[]; stop(): Promise<void> } {
  const events: StoredEvent[] = [];
  const abort = new AbortController();
  const done = (async () => {
    for await (const event of gateway.messaging.eventReader.read({ fromSequence, signal: abort.signal }))
      events.push(event);
  })();
  return {
    events,
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

describe('an event', () => {
  it('reaches its listener once, as a CloudEvent', async () => {
    const power = await world.join('power');
    const inventory = await joinInventory();
    const gateway = await world.join('gateway');
    await emit(power, 0, 3);
    await waitFor(async () => (await seen(inventory)) === 3);
    const reading = follow(gateway, 1);
    await waitFor(() => reading.events.length === 3);
    expect(reading.events[0]).toMatchObject({
      kind: 'event',
      sequence: 1,
      type: 'org.rackwright.power.mark-changed.v1',
      source: '/rackwright/power',
      service: 'power',
      name: 'mark-changed',
      data: { name: 'n0', count: 0 },
    });
    await reading.stop();
    await waitFor(async () => (await unpublished(power)) === 0);
  });

  it('has one effect when it is published many times over', async () => {
    const faults = new ScriptedFaults(
      [{ point: 'event', action: { kind: 'duplicate', times: 4 } }],
      new SeededRandom(1),
    );
    const power = await world.join('power', { faults });
    const inventory = await joinInventory();
    await emit(power, 0, 5);
    await waitFor(async () => (await seen(inventory)) === 5);
    expect(faults.fired('event', 'duplicate')).toBeGreaterThanOrEqual(5);
    expect(await countOf(inventory.database, 'SELECT max(times) AS n FROM seen')).toBe(1);
  });

  it('is published later when its first way was lost', async () => {
    const faults = new ScriptedFaults([{ point: 'event', action: { kind: 'drop' }, times: 3 }], new SeededRandom(1));
    const power = await world.join('power', { faults });
    const inventory = await joinInventory();
    await emit(power, 0, 3);
    await waitFor(async () => (await seen(inventory)) === 3);
    expect(faults.fired('event', 'drop')).toBe(3);
  });

  it('is not emitted by a service that does not own it', async () => {
    const inventory = await joinInventory();
    await expect(
      inventory.database.transaction((tx) => inventory.messaging.events.emit(tx, markChanged, { name: 'x', count: 1 })),
    ).rejects.toMatchObject({ code: 'messaging.foreign-message' });
  });
});

describe('a listener', () => {
  it('goes on where it stopped, and gets what happened meanwhile', async () => {
    const power = await world.join('power');
    const first = await joinInventory();
    await emit(power, 0, 3);
    await waitFor(async () => (await seen(first)) === 3);
    await first.close();
    await emit(power, 3, 6);
    const second = await joinInventory();
    await waitFor(async () => (await seen(second)) === 6);
    expect(await countOf(second.database, 'SELECT max(times) AS n FROM seen')).toBe(1);
  });

  it('parks an event it cannot digest and takes the others', async () => {
    const power = await world.join('power');
    const inventory = await joinInventory({ limits: { handlerAttemptsMax: 2 } }, (name) => {
      if (name === 'n1') throw new Error('cannot digest');
    });
    await emit(power, 0, 3);
    await waitFor(async () => (await seen(inventory)) === 2);
    await waitFor(() => countOf(inventory.database, 'SELECT count(*) AS n FROM messaging_parked'), {
      withinMs: 10_000,
    });
    expect(await countOf(inventory.database, 'SELECT attempts AS n FROM messaging_parked')).toBe(2);
  });
});

describe('a stream that was lost', () => {
  it('is made and filled again from PostgreSQL, and every listener has each event once', async () => {
    const power = await world.join('power');
    const inventory = await joinInventory();
    await emit(power, 0, 10);
    await waitFor(async () => (await seen(inventory)) === 10);
    await wipeNats();
    await emit(power, 10, 20);
    await waitFor(async () => (await seen(inventory)) === 20, { withinMs: 15_000 });
    await waitFor(async () => (await unpublished(power)) === 0);
    expect(await countOf(inventory.database, 'SELECT max(times) AS n FROM seen')).toBe(1);
    const gateway = await world.join('gateway');
    const reading = follow(gateway, 1);
    await waitFor(() => new Set(reading.events.map((event) => event.kind === 'event' && event.id)).size === 20);
    await reading.stop();
  });

  it('gives a new listener everything that happened before the loss', async () => {
    const power = await world.join('power');
    await emit(power, 0, 5);
    await waitFor(async () => (await unpublished(power)) === 0);
    await wipeNats();
    await waitFor(() => power.messaging.connected);
    const inventory = await joinInventory();
    await waitFor(async () => (await seen(inventory)) === 5, { withinMs: 15_000 });
  });

  it('shows as a gap to whoever follows it', async () => {
    const power = await world.join('power');
    const gateway = await world.join('gateway');
    await emit(power, 0, 4);
    const reading = follow(gateway, 1);
    await waitFor(() => reading.events.length === 4);
    await wipeNats();
    await emit(power, 4, 6);
    await waitFor(() => reading.events.some((event) => event.kind === 'gap' && event.reason === 'refilled'), {
      withinMs: 10_000,
    });
    await waitFor(
      () => reading.events.some((event) => event.kind === 'event' && (event.data as { count: number }).count === 5),
      {
        withinMs: 10_000,
      },
    );
    await reading.stop();
  });
});

describe('a reader', () => {
  it('says gap when it asks for a place the stream never had', async () => {
    const power = await world.join('power');
    const gateway = await world.join('gateway');
    await emit(power, 0, 2);
    await waitFor(async () => (await unpublished(power)) === 0);
    const reading = follow(gateway, 500);
    await waitFor(() => reading.events.length === 3);
    expect(reading.events[0]).toEqual({ kind: 'gap', reason: 'refilled', wantedSequence: 500, nextSequence: 1 });
    await reading.stop();
  });
});
