import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { coordinator, type coordinator as Coordinator, type ProfileDefinition } from '@rackwright/contracts';
import { waitFor } from '@rackwright/testing';
import { CoordinatorWorld } from './testing/coordinator-world.js';

let world: CoordinatorWorld;

beforeAll(async () => {
  world = await CoordinatorWorld.start();
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
});

export { execute, plan, run, started, timeline, until };
