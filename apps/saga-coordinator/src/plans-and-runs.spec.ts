import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { coordinator, type coordinator as Coordinator, type ProfileDefinition } from '@rackwright/contracts';
import { SystemClock } from '@rackwright/kernel';
import { freshDatabase, startNats, waitFor } from '@rackwright/testing';
import { CoordinatorWorld } from './testing/coordinator-world.js';

let world: CoordinatorWorld;

beforeAll(async () => {
  world = await CoordinatorWorld.start({ freshDatabase, startNats, waitFor });
}, 60_000);
afterEach(async () => {
  await world.leave();
  world.owners.effects.length = 0;
  world.owners.problems = [];
  world.owners.hold = undefined;
});
afterAll(() => world.close());

const profile = (name: string, group = 'default'): ProfileDefinition => ({
  name,
  group,
  description: '',
  qualification: {},
  vnics: [],
  vhbas: [],
  volumes: [],
});

const queries = () => world.client.messaging.queries;

function plan(name: string, group?: string): Promise<Coordinator.PlanView> {
  const request = { kind: 'define-profile', definition: profile(name, group) } as const;
  return queries().query(coordinator.createPlan, { request, actor: 'alice' });
}

function execute(planId: string) {
  const input = { planId, actor: 'alice' };
  return world.client.messaging.commands.ask(coordinator.executePlan, input, { timeoutMs: 10_000 });
}

async function started(name: string, group?: string): Promise<string> {
  const { id } = await plan(name, group);
  const outcome = await execute(id);
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome.result.runId;
}

const run = (runId: string) => queries().query(coordinator.getRun, { runId: runId as never });

async function until(runId: string, state: Coordinator.RunView['state']): Promise<Coordinator.RunView> {
  await waitFor(async () => (await run(runId)).state === state, { withinMs: 15_000, what: `${runId} to be ${state}` });
  return run(runId);
}

const timeline = ({ steps }: Coordinator.RunView): string[] => steps.map(({ step, state }) => `${step} ${state}`);

describe('a plan', () => {
  it('runs when it is executed, and the run shows every step', async () => {
    await world.coordinator();
    const made = await plan('a');
    expect(made).toMatchObject({ state: 'ready', title: 'define a', blockedBy: [] });
    expect(made.changes[0]).toMatchObject({ mark: '+', area: 'inventory', device: 'a' });
    const outcome = await execute(made.id);
    expect(outcome.kind).toBe('done');
    const runId = outcome.kind === 'done' ? outcome.result.runId : '';
    const view = await until(runId, 'done');
    expect(timeline(view)).toEqual(['make-site done', 'make-server done', 'make-pool done']);
    expect(view).toMatchObject({ title: 'define a', actor: 'alice', planId: made.id, verbs: [], pastNoReturn: false });
    expect(view.traceId).toBe(runId.slice(4).replaceAll('-', ''));
    expect(view.steps[0]).toMatchObject({ label: 'make site site-a', attempt: 1, phase: 'forward' });
    expect(world.owners.effects).toEqual(['put-site site-a', 'put-server a', 'put-server-pool a-pool']);
    expect(await queries().query(coordinator.getPlan, { planId: made.id })).toMatchObject({ state: 'executed', runId });
  });

  it('executed again by another message is refused with its run', async () => {
    await world.coordinator();
    const { id } = await plan('twice');
    const [first, second] = await Promise.all([execute(id), execute(id)]);
    const outcomes = [first, second].sort((left, right) => left.kind.localeCompare(right.kind));
    expect(outcomes).toMatchObject([{ kind: 'done' }, { kind: 'refused', code: 'plan-executed' }]);
    const [won, lost] = outcomes;
    if (won?.kind !== 'done' || lost?.kind !== 'refused') throw new Error('unreachable');
    expect(lost.details).toEqual({ runId: won.result.runId });
    await until(won.result.runId, 'done');
    expect(world.owners.effects.filter((effect) => effect === 'put-server twice')).toHaveLength(1);
  });

  it('executed again by the same message gets the same answer', async () => {
    await world.coordinator();
    const { id } = await plan('same');
    const ask = () =>
      world.client.messaging.commands.ask(
        coordinator.executePlan,
        { planId: id, actor: 'alice' },
        { timeoutMs: 10_000, messageId: 'msg_01890000-0000-7000-8000-00000000aaaa' },
      );
    const first = await ask();
    expect(first.kind).toBe('done');
    expect(await ask()).toEqual(first);
  });

  it('is refused when the world moved after it was shown', async () => {
    await world.coordinator();
    const { id } = await plan('moved');
    world.owners.profiles.set('moved', { ...profile('moved'), description: 'somebody was faster' });
    expect(await execute(id)).toMatchObject({ kind: 'refused', code: 'world-moved' });
    world.owners.profiles.delete('moved');
    expect((await execute(id)).kind).toBe('done');
  });

  it('is refused once it is too old, and says so when it is read', async () => {
    const clock = new ShiftedClock();
    await world.coordinator({ clock });
    const { id } = await plan('old');
    clock.shiftMs = 15 * 60_000;
    expect(await execute(id)).toMatchObject({ kind: 'refused', code: 'plan-expired' });
    expect(await queries().query(coordinator.getPlan, { planId: id })).toMatchObject({ state: 'expired' });
  });

  it('with problems is blocked, names the path of each, and never runs', async () => {
    await world.coordinator();
    world.owners.problems = [{ path: 'definition.vnics[0].native', code: 'unknown-network', message: 'no network x' }];
    const made = await plan('blocked');
    expect(made).toMatchObject({
      state: 'blocked',
      changes: [],
      blockedBy: [{ code: 'unknown-network', message: 'definition.vnics[0].native: no network x' }],
    });
    world.owners.problems = [];
    expect(await execute(made.id)).toMatchObject({ kind: 'refused', code: 'plan-blocked' });
    expect(await execute('pln_nobody')).toMatchObject({ kind: 'refused', code: 'unknown-plan' });
  });

  it('for what is there already changes nothing', async () => {
    await world.coordinator();
    world.owners.profiles.set('equal', profile('equal'));
    const { changes } = await plan('equal');
    expect(changes.map(({ mark }) => mark)).toEqual(['=']);
  });

  it('learns how long it takes from past runs', async () => {
    await world.coordinator();
    await until(await started('learned'), 'done');
    const { expectedMs } = await plan('learned-2');
    expect(expectedMs).toBeGreaterThanOrEqual(0);
    expect(expectedMs).toBeLessThan(30_000);
  });
});

describe('a stuck run', () => {
  const verb = (
    command: typeof coordinator.retryRun | typeof coordinator.abandonRun | typeof coordinator.cancelRun,
    runId: string,
  ) => {
    const input = { runId: runId as never, actor: 'bob', reason: 'looked at it' };
    return world.client.messaging.commands.ask(command, input, { timeoutMs: 10_000 });
  };
  const markDone = (runId: string, step: string) => {
    const input = { runId: runId as never, actor: 'bob', reason: 'seen', step };
    return world.client.messaging.commands.ask(coordinator.markRunDone, input, { timeoutMs: 10_000 });
  };

  it('says where, what is known and what to do, and goes on when retried', async () => {
    await world.coordinator();
    const runId = await started('s1', 'pool-late');
    const view = await until(runId, 'stuck');
    expect(view.verbs).toEqual(['cancel', 'retry', 'mark-done', 'abandon']);
    expect(view.reason).toMatch(/^Stuck at make-server: .*Known: make-site: done.*Next: /);
    expect(view.steps[1]).toMatchObject({ state: 'refused', note: 'unknown-pool: there is no pool pool-late' });
    expect(view.steps[2]).toMatchObject({ state: 'waiting' });
    world.owners.pools.add('pool-late');
    expect((await verb(coordinator.retryRun, runId)).kind).toBe('done');
    const ended = await until(runId, 'done');
    expect(ended.reason).toBeUndefined();
    expect(ended.steps[1]).toMatchObject({ state: 'done', attempt: 2 });
  });

  it('is taken back by a cancel', async () => {
    await world.coordinator();
    const runId = await started('s2', 'pool-never');
    await until(runId, 'stuck');
    expect((await verb(coordinator.cancelRun, runId)).kind).toBe('done');
    const view = await until(runId, 'undone');
    expect(timeline(view)).toEqual([
      'make-site undone',
      'make-server refused',
      'make-pool skipped',
      'undo:make-site done',
    ]);
    expect(view.reason).toMatch(/bob cancelled it: looked at it/);
    expect(await verb(coordinator.cancelRun, runId)).toMatchObject({ kind: 'refused', code: 'run-ended' });
  });

  it('takes no word for a step whose result later steps need, nor for another step', async () => {
    await world.coordinator();
    const runId = await started('s3', 'pool-never');
    await until(runId, 'stuck');
    expect(await markDone(runId, 'make-pool')).toMatchObject({ kind: 'refused', code: 'wrong-step' });
    expect(await markDone(runId, 'make-server')).toMatchObject({ kind: 'refused', code: 'not-vouchable' });
  });

  it('is abandoned only after its proof, and the reason tells it from undone', async () => {
    await world.coordinator();
    const runId = await started('s4', 'pool-never');
    await until(runId, 'stuck');
    expect((await verb(coordinator.abandonRun, runId)).kind).toBe('done');
    const view = await until(runId, 'undone');
    expect(view.reason).toMatch(/^Abandoned, not undone: bob abandoned it/);
    expect(world.owners.effects).toContain('put-site site-s4 (abandoned)');
  });

  it('refuses verbs that do not fit', async () => {
    await world.coordinator();
    const runId = await started('s5');
    await until(runId, 'done');
    expect(await verb(coordinator.retryRun, runId)).toMatchObject({ kind: 'refused', code: 'run-not-stuck' });
    expect(await verb(coordinator.abandonRun, runId)).toMatchObject({ kind: 'refused', code: 'run-not-stuck' });
    expect(await markDone(runId, 'make-site')).toMatchObject({ kind: 'refused', code: 'run-not-stuck' });
    const nobody = 'run_01890000-0000-7000-8000-00000000ffff';
    expect(await verb(coordinator.retryRun, nobody)).toMatchObject({ kind: 'refused', code: 'unknown-run' });
  });
});

describe('runs', () => {
  it('are listed newest first, in pages, by state', async () => {
    await world.coordinator();
    const ids: string[] = [];
    for (const name of ['p1', 'p2', 'p3']) ids.push(await started(name));
    for (const id of ids) await until(id, 'done');
    const first = await queries().query(coordinator.listRuns, { limit: 2, state: 'done' });
    expect(first.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    const cursor = first.nextCursor ?? '';
    const next = await queries().query(coordinator.listRuns, { limit: 2, state: 'done', cursor });
    expect(next.items[0]?.id).toBe(ids[0]);
    expect(next.total).toBe(first.total);
    const open = await queries().query(coordinator.listRuns, { limit: 100, open: true });
    expect(open.items.map(({ id }) => id)).not.toContain(ids[0]);
  });

  it('do each step once with two coordinators at work', async () => {
    await Promise.all([world.coordinator(), world.coordinator()]);
    const names = ['d1', 'd2', 'd3', 'd4', 'd5', 'd6'];
    const ids = await Promise.all(names.map((name) => started(name)));
    for (const id of ids) await until(id, 'done');
    const expected = names.flatMap((name) => [
      `put-site site-${name}`,
      `put-server ${name}`,
      `put-server-pool ${name}-pool`,
    ]);
    expect([...world.owners.effects].sort()).toEqual(expected.sort());
  });

  it('are told of as events, in the order they happened', async () => {
    await world.coordinator();
    const runId = await started('told');
    await until(runId, 'done');
    const database = await world.open('saga-coordinator');
    const events = await database.query<{ subject: string }>(
      `SELECT subject FROM messaging_event WHERE headers::jsonb ->> 'subject' = $1 ORDER BY position`,
      [runId],
    );
    const names = events.map(({ subject }) => subject.split('.')[3]);
    expect([names[0], names.at(-1)]).toEqual(['run-started', 'run-ended']);
    expect(names.filter((name) => name === 'run-step-changed')).toHaveLength(6);
    await database.close();
  });
});

/** Real time, ahead by as much as a test says. */
class ShiftedClock extends SystemClock {
  shiftMs = 0;

  override now(): Date {
    return new Date(super.now().getTime() + this.shiftMs);
  }
}
