import { describe, expect, it } from '@jest/globals';
import { defineCommand } from '@rackwright/contracts';
import { isAppError } from '@rackwright/kernel';
import { z } from 'zod';

import { defineSaga, none, type SagaBuilder } from './index.js';

const count = defineCommand({
  service: 'inventory',
  name: 'count',
  summary: 'Count',
  input: z.object({ from: z.number() }),
  result: z.object({ count: z.number() }),
});
const input = z.object({ names: z.array(z.string()) });
const step = { command: count, input: () => ({ from: 1 }), undo: none('reads only') };

function faultsOf(builder: Pick<SagaBuilder<unknown, unknown>, 'build'>): unknown {
  try {
    builder.build();
  } catch (error) {
    if (isAppError(error, 'saga.invalid-definition')) return error.details['faults'];
    throw error;
  }
  return [];
}

describe('defineSaga', () => {
  it('gives each step the typed outputs of the steps before it', () => {
    const definition = defineSaga('typed', 1, input)
      .step('first', step)
      .step('each', {
        command: count,
        forEach: ({ input: { names } }) => names,
        input: ({ item }) => ({ from: item.length }),
        undo: none('reads'),
      })
      .step('maybe', { ...step, when: ({ outputs }) => outputs.first.count > 1 })
      .together((make) => ({ left: make(step), right: make({ ...step, forEach: () => ['a'] }) }))
      .step('last', {
        command: count,
        input: ({ outputs }) => {
          const sum: number =
            outputs.first.count + (outputs.each['a']?.count ?? 0) + (outputs.maybe?.count ?? 0) + outputs.left.count;
          // @ts-expect-error a step that may be skipped has no certain output
          const skipped: number = () => outputs.maybe.count;
          // @ts-expect-error a later step has no output yet
          const later = () => outputs.last;
          // @ts-expect-error a fan-out has one output per item
          const fanned: number = () => outputs.right.count;
          return { from: sum + [skipped, later, fanned].length };
        },
        undo: { command: count, input: ({ output }) => ({ from: output?.count ?? 0 }) },
      })
      .build();
    expect(definition.stages.map((stage) => stage.map(({ name }) => name))).toEqual([
      ['first'],
      ['each'],
      ['maybe'],
      ['left', 'right'],
      ['last'],
    ]);
  });

  it('refuses an input that does not fit the command, at compile time', () => {
    const saga = defineSaga('typed', 1, input).step('first', {
      command: count,
      // @ts-expect-error `from` is a number
      input: () => ({ from: 'one' }),
      undo: none('reads only'),
    });
    expect(saga.build().name).toBe('typed');
  });

  it('refuses names that are not kebab-case, and two steps of one name', () => {
    const saga = defineSaga('Bad', 0, input).step('same', step).step('same', step);
    expect(faultsOf(saga)).toEqual([
      '"Bad" is not a kebab-case name',
      'two steps are called "same"',
      'the version must be 1 or more',
    ]);
  });

  it('refuses a plain undo after the point of no return and a forward-only step before it', () => {
    const saga = defineSaga('point', 1, input)
      .step('before', { ...step, undo: 'forward-only' })
      .pointOfNoReturn()
      .step('after', step);
    expect(faultsOf(saga)).toEqual([
      'the undo of "before" must be plain, not forward-only',
      'the undo of "after" must be forward-only, not plain',
    ]);
  });

  it('refuses a turn that does not raise the epoch first where the saga raised it', () => {
    const saga = defineSaga('turning', 1, input)
      .step('raise', { ...step, raisesEpoch: ({ count: epoch }) => epoch })
      .step('act', { ...step, undo: 'turn' })
      .turn('act', (back) => back.step('back', { command: count, input: () => ({ from: 1 }) }));
    expect(faultsOf(saga)).toEqual(['a saga that raises its epoch must raise it again as the first step of its turn']);
  });

  it('refuses a step that raises the epoch beside others, whose outcomes it would make void', () => {
    const saga = defineSaga('beside', 1, input).together((make) => ({
      raise: make({ ...step, raisesEpoch: ({ count: epoch }) => epoch }),
      other: make(step),
    }));
    expect(faultsOf(saga)).toEqual(['"raise" raises the epoch and must stand alone in its stage']);
  });

  it('refuses to retry from a step of another chain', () => {
    const saga = defineSaga('again', 1, input)
      .step('first', { ...step, retryFrom: 'second' })
      .step('second', step);
    expect(faultsOf(saga)).toEqual(['"first" is retried from "second", which is no earlier step of its chain']);
  });
});
