import { describe, expect, it } from '@jest/globals';
import { defineCommand, type Outcome } from '@rackwright/contracts';
import { z } from 'zod';

import { defineSaga, none, SagaRegistry, type OperatorRequest, type VerbResult } from './index.js';
import { exampleMove } from './testing/example-move.saga.js';
import { MemoryHost } from './testing/index.js';

const INPUT = { profileId: 'prf_1', formerServers: ['srv_a'], fabrics: [], warn: false };
const touch = defineCommand({
  service: 'network',
  name: 'touch',
  summary: 'Touch',
  input: z.object({ on: z.string() }),
  result: z.object({}),
});
const BY = { actor: 'ada', reason: 'looked at the rack' };

/** Runs the example; whatever `failing` names (by message key) is refused until it is taken out. */
async function aRun(failing: Set<string>, definition = exampleMove) {
  let epoch = 0;
  const steps: string[] = [];
  const answer = (step: string): Outcome => {
    steps.push(step);
    if (failing.has(step)) return { kind: 'refused', code: 'no', message: `no ${step}` };
    if (step.startsWith('raise')) return { kind: 'done', result: { epoch: ++epoch } };
    return { kind: 'done', result: step === 'reserve-target' ? { serverId: 'srv_t' } : {} };
  };
  const host = new MemoryHost({ registry: new SagaRegistry([definition]), answer: ({ key }) => [answer(key.step)] });
  await host.engine.start({ sagaId: 'run_1', definition, input: INPUT });
  await host.runToEnd();
  const operate = async (request: Partial<OperatorRequest> & Pick<OperatorRequest, 'verb'>): Promise<VerbResult> => {
    steps.length = 0;
    const result = await host.engine.operate('run_1', { ...BY, ...request } as OperatorRequest);
    await host.runToEnd();
    return result;
  };
  const status = () => host.store.head('run_1')?.status;
  const report = () => host.store.journal('run_1').findLast((row) => row.event === 'stuck')?.data;
  return { host, steps, operate, status, report };
}

const ACCEPTED = { kind: 'accepted' };

describe('operator verbs on a stuck saga', () => {
  it('reports what is known and where it stands', async () => {
    const { report, status } = await aRun(new Set(['commit-move']));
    expect(status()).toBe('stuck');
    expect(report()).toMatchObject({ code: 'saga.step-failed', at: 'commit-move', unknown: [] });
    expect(report()).toMatchObject({
      known: expect.arrayContaining(['fence-former[srv_a]: done', 'commit-move: no: no commit-move']),
    });
  });

  it('retries with a fresh budget and a new attempt number', async () => {
    const failing = new Set(['commit-move']);
    const { operate, status, host } = await aRun(failing);
    failing.clear();
    expect(await operate({ verb: 'retry' })).toEqual(ACCEPTED);
    expect(status()).toBe('done');
    expect(
      host.store.journal('run_1').find((row) => row.event === 'step-done' && row.step === 'commit-move')?.attempt,
    ).toBe(6);
    expect(host.store.journal('run_1').find((row) => row.event === 'resumed')).toMatchObject({
      data: { verb: 'retry', ...BY },
    });
  });

  it('runs steps again whose proof is old by the time of the retry', async () => {
    const failing = new Set(['retire-former[srv_a]']);
    const { operate, status, steps } = await aRun(failing);
    failing.clear();
    await operate({ verb: 'retry' });
    expect(steps).toEqual(['commit-move', 'retire-former[srv_a]']);
    expect(status()).toBe('done');
  });

  it('marks a step done with the reason and goes on', async () => {
    const { operate, status, host } = await aRun(new Set(['commit-move']));
    expect(await operate({ verb: 'mark-done', at: 'commit-move', result: {} })).toEqual(ACCEPTED);
    expect(status()).toBe('done');
    expect(
      host.store.journal('run_1').find((row) => row.event === 'step-done' && row.step === 'commit-move'),
    ).toMatchObject({ data: { by: 'ada' } });
  });

  it('does not mark a fence done', async () => {
    const { operate, status } = await aRun(new Set(['program-target', 'fence-target']));
    expect(status()).toBe('stuck');
    expect(await operate({ verb: 'mark-done', at: 'fence-target', result: {} })).toMatchObject({
      code: 'saga.may-not-be-marked-done',
    });
    expect(status()).toBe('stuck');
  });

  it('marks nothing done that it does not stand at, and takes no result that the contract refuses', async () => {
    const { operate } = await aRun(new Set(['commit-move']));
    expect(await operate({ verb: 'mark-done', at: 'reserve-target', result: {} })).toMatchObject({
      code: 'saga.not-failed',
    });
    expect(await operate({ verb: 'mark-done', at: 'commit-move', result: 7 })).toMatchObject({
      code: 'saga.result-invalid',
    });
  });

  it('marks a failed undo done', async () => {
    const { operate, status } = await aRun(new Set(['fence-former[srv_a]', 'undo:reserve-target']));
    expect(status()).toBe('stuck');
    expect(await operate({ verb: 'mark-done', at: 'undo:reserve-target', result: {} })).toEqual(ACCEPTED);
    expect(status()).toBe('undone');
  });

  it('abandons only when every former holder is proven inert', async () => {
    const failing = new Set(['commit-move', 'prove-inert[srv_target]']);
    const { operate, status, steps, report } = await aRun(failing);
    await operate({ verb: 'abandon' });
    expect(status()).toBe('stuck');
    expect(report()).toMatchObject({ at: 'prove-inert[srv_target]' });
    failing.delete('prove-inert[srv_target]');
    await operate({ verb: 'abandon' });
    expect(steps).toEqual(['prove-inert[srv_a]', 'prove-inert[srv_target]']);
    expect(status()).toBe('abandoned');
  });

  it('returns to where it stood when the proof failed', async () => {
    const failing = new Set(['commit-move', 'prove-inert[srv_a]']);
    const { operate, status } = await aRun(failing);
    await operate({ verb: 'abandon' });
    failing.clear();
    await operate({ verb: 'retry' });
    expect(status()).toBe('done');
  });

  it('does not abandon a saga that has no proof', async () => {
    const { abandon: _, ...definition } = exampleMove;
    const { operate } = await aRun(new Set(['commit-move']), definition);
    expect(await operate({ verb: 'abandon' })).toMatchObject({ code: 'saga.abandon-not-possible' });
  });

  it('cancels a saga that is stuck in front of its point of no return', async () => {
    const [first = [], ...rest] = exampleMove.stages;
    const wary = first.map((step) => ({ ...step, policy: { ...step.policy, onRefused: 'stuck' as const } }));
    const { operate, status } = await aRun(new Set(['reserve-target']), { ...exampleMove, stages: [wary, ...rest] });
    expect(status()).toBe('stuck');
    expect(await operate({ verb: 'cancel' })).toEqual(ACCEPTED);
    expect(status()).toBe('undone');
  });

  it('wants a reason, a stuck saga, and one that exists', async () => {
    const { operate, host } = await aRun(new Set());
    expect(await operate({ verb: 'retry' })).toMatchObject({ code: 'saga.ended' });
    expect(await host.engine.operate('run_9', { verb: 'retry', ...BY })).toMatchObject({ code: 'saga.not-found' });
    const stuck = await aRun(new Set(['commit-move']));
    expect(await stuck.operate({ verb: 'retry', reason: ' ' })).toMatchObject({ code: 'saga.reason-missing' });
    await host.engine.start({ sagaId: 'run_2', definition: exampleMove, input: INPUT });
    expect(await host.engine.operate('run_2', { verb: 'retry', ...BY })).toMatchObject({ code: 'saga.not-stuck' });
  });
});

describe('a retry that finds other items than before', () => {
  it('still takes back what the first time did', async () => {
    const undone: string[] = [];
    let items = ['a', 'b'];
    const definition = defineSaga('again', 1, z.object({}))
      .step('each', {
        command: touch,
        forEach: () => items,
        input: ({ item }) => ({ on: item }),
        undo: { command: touch, input: ({ item }) => ({ on: item }) },
      })
      .step('last', {
        command: touch,
        input: () => ({ on: 'last' }),
        undo: none('refused'),
        onRefused: { first: 'stuck', '*': 'go-back' },
        retryFrom: 'each',
      })
      .build();
    let code = 'first';
    const host = new MemoryHost({
      registry: new SagaRegistry([definition]),
      answer: ({ key }) => {
        if (key.step === 'last') return [{ kind: 'refused', code, message: 'no' }];
        if (key.step.startsWith('undo:')) undone.push(key.step);
        return [{ kind: 'done', result: {} }];
      },
    });
    await host.engine.start({ sagaId: 'run_1', definition, input: {} });
    await host.runToEnd();
    [items, code] = [['b', 'c'], 'second'];
    await host.engine.operate('run_1', { ...BY, verb: 'retry' });
    await host.runToEnd();
    expect(host.store.head('run_1')?.status).toBe('undone');
    expect(undone).toEqual(['undo:each[c]', 'undo:each[b]', 'undo:each[a]']);
  });
});
