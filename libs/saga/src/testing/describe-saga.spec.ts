import { describe, expect, it } from '@jest/globals';

import { exampleCommands as c, exampleMove } from './example-move.saga.js';
import { describeSaga, MemoryHarness, sagaCases, type MemoryHarnessOptions, type SagaEnd } from './index.js';
import type { SagaDefinition } from '../index.js';

interface World {
  reserved: boolean;
  epoch: number;
  fenced: Set<string>;
  programmed: Set<string>;
  zones: Set<string>;
  committed: boolean;
  retired: Set<string>;
  warned: boolean;
}

type Input = { profileId: string; formerServers: string[]; fabrics: string[]; warn: boolean };
const INPUT: Input = { profileId: 'prf_1', formerServers: ['srv_a', 'srv_b'], fabrics: ['fab_a', 'fab_b'], warn: true };

const done = { kind: 'done', result: {} } as const;

const options: MemoryHarnessOptions<Input, World> = {
  definition: exampleMove,
  makeWorld: () => ({
    input: INPUT,
    world: {
      reserved: false,
      epoch: 0,
      fenced: new Set(),
      programmed: new Set(),
      zones: new Set(),
      committed: false,
      retired: new Set(),
      warned: false,
    },
  }),
  script: (participant, world) => {
    const on = (command: typeof c.fence, run: (id: string) => void) =>
      participant.on(command, (input) => {
        run((input as { serverId: string }).serverId);
        return done;
      });
    participant
      .on(c.reserve, () => {
        world.reserved = true;
        return { kind: 'done', result: { serverId: 'srv_target' } };
      })
      .on(c.raise, () => ({ kind: 'done', result: { epoch: ++world.epoch } }))
      .on(c.zone, (input) => {
        world.zones.add((input as { fabric: string }).fabric);
        return { kind: 'done', result: { zone: 'z' } };
      });
    on(c.release, () => (world.reserved = false));
    on(c.fence, (id) => world.fenced.add(id));
    on(c.program, (id) => world.programmed.add(id));
    on(c.clear, (id) => world.programmed.delete(id));
    on(c.warn, () => (world.warned = true));
    on(c.commit, () => (world.committed = true));
    on(c.retire, (id) => world.retired.add(id));
    on(c.mask, () => undefined);
    on(c.proveInert, () => undefined);
  },
  check: (world, end) => violations(world, end),
};

function violations(world: World, end: SagaEnd): string[] {
  const found: string[] = [];
  if (end.status === 'done' && !(world.committed && world.programmed.has('srv_target') && world.retired.size === 2)) {
    found.push('something is missing');
  }
  if (end.status === 'undone' && (world.reserved || world.programmed.size > 0 || world.committed)) {
    found.push('something is left over');
  }
  return found;
}

function harnessOf(changes: Partial<MemoryHarnessOptions<Input, World>> = {}): MemoryHarness<Input, World> {
  return new MemoryHarness({ ...options, ...changes });
}

describeSaga(exampleMove, () => harnessOf());

async function failuresOf(definition: SagaDefinition<Input>, harness: MemoryHarness<Input, World>): Promise<string[]> {
  const failures: string[] = [];
  for (const sagaCase of sagaCases(definition)) {
    await sagaCase.run(harness as MemoryHarness<unknown, World>).catch((error: Error) => failures.push(error.message));
  }
  return failures;
}

describe('the suite itself', () => {
  it('catches a missing undo', async () => {
    const [first = [], ...rest] = exampleMove.stages;
    const broken: SagaDefinition<Input> = {
      ...exampleMove,
      stages: [first.map((step) => ({ ...step, undo: { kind: 'none' as const, why: 'planted' } })), ...rest],
    };
    const failures = await failuresOf(broken, harnessOf({ definition: broken }));
    expect(failures.some((failure) => failure.includes('world: something is left over'))).toBe(true);
  });

  it('catches a fault that does not fire, at a step that the input skips', async () => {
    const makeWorld = () => ({ ...options.makeWorld(), input: { ...INPUT, warn: false } });
    const failures = await failuresOf(exampleMove, harnessOf({ makeWorld }));
    expect(failures.some((failure) => failure.includes('did not fire: repeat at warn-owner'))).toBe(true);
  });

  it('catches an effect that is not repeatable', async () => {
    const harness = harnessOf({
      script: (participant, world) => {
        options.script(participant, world);
        participant.on(c.retire, (input) => {
          const { serverId } = input as { serverId: string };
          if (world.retired.has(serverId)) world.committed = false;
          world.retired.add(serverId);
          return done;
        });
      },
    });
    const failures = await failuresOf(exampleMove, harness);
    expect(failures.some((failure) => failure.includes('retire-former: repeat'))).toBe(true);
  });

  it('catches a harness whose fault fires somewhere else', async () => {
    const harness = harnessOf();
    const inject = harness.injectFault.bind(harness);
    harness.injectFault = (fault) =>
      inject({ ...fault, step: fault.phase === 'before-effect' ? 'commit-move' : fault.step });
    const failures = await failuresOf(exampleMove, harness);
    expect(failures.some((failure) => failure.includes('the journal shows no failure at reserve-target'))).toBe(true);
  });

  it('spreads the cases over shards without losing or repeating one', () => {
    const all = sagaCases(exampleMove).map(({ name }) => name);
    const shards = [0, 1, 2].flatMap((index) =>
      sagaCases(exampleMove, { shard: { index, count: 3 } }).map(({ name }) => name),
    );
    expect([...shards].sort()).toEqual([...all].sort());
    expect(new Set(all).size).toBe(all.length);
  });

  it('limits the cases to the steps and kinds asked for', () => {
    const cases = sagaCases(exampleMove, { steps: (step) => step === 'commit-move', kinds: ['repeat', 'cancel'] });
    expect(cases.map(({ kind, step }) => `${kind} ${step}`)).toEqual(['repeat commit-move', 'cancel commit-move']);
  });
});
