import { describe, expect, it } from '@jest/globals';
import { defineCommand, type Outcome } from '@rackwright/contracts';
import { z } from 'zod';

import { defineSaga, none, SagaRegistry, type JournalRow, type SagaDefinition, type StepPolicy } from './index.js';
import { MemoryHost } from './testing/index.js';

const act = defineCommand({
  service: 'network',
  name: 'act',
  summary: 'Act',
  input: z.object({ on: z.string() }),
  result: z.object({}),
});
const undo = { command: act, input: () => ({ on: 'undo' }) };
const DONE: Outcome = { kind: 'done', result: {} };

interface Script {
  /** Outcomes by message key, one per attempt; done when they run out. `undefined` is no answer. */
  readonly [key: string]: readonly (Outcome | undefined)[];
}

async function runOf(definition: SagaDefinition, script: Script) {
  const attempts = new Map<string, number>();
  const sentAtMs: [string, number][] = [];
  const host = new MemoryHost({
    registry: new SagaRegistry([definition]),
    answer: ({ key }) => {
      const count = attempts.get(key.step) ?? 0;
      attempts.set(key.step, count + 1);
      sentAtMs.push([`${key.step} #${key.attempt}`, host.clock.monotonicMs()]);
      const scripted = script[key.step];
      const outcome = scripted && count < scripted.length ? scripted[count] : DONE;
      return outcome ? [outcome] : [];
    },
  });
  await host.engine.start({ sagaId: 'run_1', definition, input: {} });
  await host.runToEnd();
  const journal: readonly JournalRow[] = host.store.journal('run_1');
  return { status: host.store.head('run_1')?.status, sentAtMs, sent: sentAtMs.map(([name]) => name), journal };
}

function refused(code: string): Outcome {
  return { kind: 'refused', code, message: 'no' };
}
const UNKNOWN: Outcome = { kind: 'unknown', code: 'lost', message: 'nobody can tell' };

function twoSteps(policy: Partial<Pick<StepPolicy, 'onRefused' | 'onUnknown' | 'deadlineMs'>> = {}) {
  const retry = { attempts: 3, backoffMs: 1_000, backoffMaxMs: 1_500 };
  return defineSaga('two', 1, z.object({}))
    .step('first', { command: act, input: () => ({ on: 'first' }), undo })
    .step('second', { command: act, input: () => ({ on: 'second' }), undo, retry, ...policy })
    .build();
}

describe('policy of a step', () => {
  it('asks again after an unknown outcome, waiting longer each time up to the limit', async () => {
    const { status, sentAtMs } = await runOf(twoSteps(), { second: [UNKNOWN, UNKNOWN] });
    expect(status).toBe('done');
    expect(sentAtMs.slice(1)).toEqual([
      ['second #1', 0],
      ['second #2', 1_000],
      ['second #3', 2_500],
    ]);
  });

  it('goes back when every attempt ended unknown, undoing that step too', async () => {
    const { status, sent } = await runOf(twoSteps(), { second: [UNKNOWN, UNKNOWN, undefined] });
    expect(status).toBe('undone');
    expect(sent.slice(-2)).toEqual(['undo:second #1', 'undo:first #1']);
  });

  it('is stuck instead where the step says so', async () => {
    const { status, journal } = await runOf(twoSteps({ onUnknown: 'stuck' }), { second: [UNKNOWN, UNKNOWN, UNKNOWN] });
    expect(status).toBe('stuck');
    expect(journal.at(-1)).toMatchObject({
      data: { unknown: ['second: lost: nobody can tell'], known: ['first: done'] },
    });
  });

  it('goes back on a refusal at once, and undoes nothing of a step that changed nothing', async () => {
    const { status, sent } = await runOf(twoSteps(), { second: [refused('full')] });
    expect(status).toBe('undone');
    expect(sent).toEqual(['first #1', 'second #1', 'undo:first #1']);
  });

  it('undoes a refused step of which an earlier attempt may have acted', async () => {
    const { sent } = await runOf(twoSteps(), { second: [UNKNOWN, refused('full')] });
    expect(sent.slice(-2)).toEqual(['undo:second #1', 'undo:first #1']);
  });

  it('reads the action from the refusal code', async () => {
    const onRefused = { busy: 'retry', broken: 'stuck', '*': 'go-back' } as const;
    expect((await runOf(twoSteps({ onRefused }), { second: [refused('busy'), refused('busy')] })).status).toBe('done');
    expect((await runOf(twoSteps({ onRefused }), { second: [refused('busy'), refused('broken')] })).status).toBe(
      'stuck',
    );
    expect((await runOf(twoSteps({ onRefused }), { second: [refused('other')] })).status).toBe('undone');
  });

  it('goes back without sending when the input cannot be made', async () => {
    const definition = defineSaga('bad-input', 1, z.object({}))
      .step('first', { command: act, input: () => ({ on: 'first' }), undo })
      .step('second', { command: act, input: () => ({ on: 7 as unknown as string }), undo })
      .build();
    const { status, sent, journal } = await runOf(definition, {});
    expect(status).toBe('undone');
    expect(sent).toEqual(['first #1', 'undo:first #1']);
    expect(journal.find((row) => row.event === 'step-refused')).toMatchObject({
      data: { code: 'saga.input-invalid', final: true },
    });
  });

  it('does not try again what can never be sent, though the step would retry a refusal', async () => {
    const definition = defineSaga('bad-input', 1, z.object({}))
      .step('first', { command: act, input: () => ({ on: 7 as unknown as string }), undo, onRefused: 'retry' })
      .build();
    const { status, journal } = await runOf(definition, {});
    expect(status).toBe('undone');
    expect(journal.map(({ event }) => event)).toEqual(['started', 'step-refused', 'going-back', 'ended']);
  });

  it('tries an undo again until it gives up, stuck', async () => {
    const { status, sent } = await runOf(twoSteps(), {
      second: [refused('full')],
      'undo:first': Array(9).fill(refused('no')),
    });
    expect(status).toBe('stuck');
    expect(sent.filter((key) => key.startsWith('undo:first'))).toHaveLength(8);
  });
});

describe('steps side by side and one by one', () => {
  const fan = (atMost: number) =>
    defineSaga('fan', 1, z.object({}))
      .step('each', { command: act, forEach: () => ['a', 'b'], atMost, input: ({ item }) => ({ on: item }), undo })
      .step('last', { command: act, input: () => ({ on: 'last' }), undo: none('the end') })
      .build();

  it('runs items one by one, and takes them back in reverse, one by one', async () => {
    const { sent } = await runOf(fan(1), { 'each[a]': [UNKNOWN], last: [refused('no')] });
    expect(sent).toEqual(['each[a] #1', 'each[a] #2', 'each[b] #1', 'last #1', 'undo:each[b] #1', 'undo:each[a] #1']);
  });

  it('runs as many items side by side as it may', async () => {
    const { sent } = await runOf(fan(2), { 'each[a]': [UNKNOWN] });
    expect(sent).toEqual(['each[a] #1', 'each[b] #1', 'each[a] #2', 'last #1']);
  });

  it('waits for the neighbour in flight before it goes back, and does not try it again', async () => {
    const definition = defineSaga('beside', 1, z.object({}))
      .together((step) => ({
        left: step({ command: act, input: () => ({ on: 'left' }), undo }),
        right: step({ command: act, input: () => ({ on: 'right' }), undo, deadlineMs: 5_000 }),
      }))
      .build();
    const { status, sentAtMs } = await runOf(definition, { left: [refused('no')], right: [undefined] });
    expect(status).toBe('undone');
    expect(sentAtMs).toEqual([
      ['left #1', 0],
      ['right #1', 0],
      ['undo:right #1', 5_000],
    ]);
  });

  it('skips a step once for all, though its condition would change its mind', async () => {
    let asked = 0;
    const definition = defineSaga('maybe', 1, z.object({}))
      .step('maybe', { command: act, when: () => asked++ > 0, input: () => ({ on: 'maybe' }), undo: none('never') })
      .step('last', { command: act, input: ({ outputs }) => ({ on: String(outputs.maybe) }), undo: none('the end') })
      .build();
    const { sent } = await runOf(definition, { last: [UNKNOWN] });
    expect([sent, asked]).toEqual([['last #1', 'last #2'], 1]);
  });

  it('is stuck when two items have one key', async () => {
    const definition = defineSaga('same', 1, z.object({}))
      .step('each', { command: act, forEach: () => ['a', 'a'], input: ({ item }) => ({ on: item }), undo })
      .build();
    expect((await runOf(definition, {})).status).toBe('stuck');
  });
});
