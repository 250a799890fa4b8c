import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SagaDefinition } from '@rackwright/saga';
import { CATALOG } from '@rackwright/saga-catalog';
import { waitFor } from '@rackwright/testing';
import { coordinatorOf } from './estate/estate-services.js';
import { Estate } from './estate/estate.js';

const TEST_MS = 120_000;

/** A saga that somebody broke by leaving steps out. */
function without(definition: SagaDefinition, gone: RegExp, turnFrom?: string): SagaDefinition {
  const left = definition.stages.map((stage) => stage.filter(({ name }) => !gone.test(name)));
  const point = definition.pointOfNoReturn ?? definition.stages.length;
  return {
    ...definition,
    stages: left.filter((stage) => stage.length > 0),
    pointOfNoReturn: left.slice(0, point).filter((stage) => stage.length > 0).length,
    ...(definition.turn && turnFrom !== undefined && { turn: { ...definition.turn, from: turnFrom } }),
  };
}

const BROKEN = CATALOG.map((definition) => {
  if (definition.name === 'disassociate-profile') return without(definition, /^(unzone|unmask|check-access-gone)$/);
  if (definition.name === 'migrate-profile')
    return without(definition, /^(stop-source|close-source-.*|clear-source|end-sessions|recheck-.*)$/, 'note-holder');
  return definition;
});

/** What keeps the other scenarios honest: a product with these bugs does not pass them. */
describe('the scenarios notice', () => {
  let estate: Estate;
  let profile: string;
  beforeAll(async () => {
    estate = await Estate.start({
      change: () => ({ 'saga-coordinator': () => coordinatorOf(BROKEN, () => undefined) }),
    });
    profile = await estate.defineFcProfile();
    await estate.run('associate', profile, 'blade-1');
    expect(await estate.checkWorld({ placed: { [profile]: 'blade-1' } })).toEqual([]);
  }, TEST_MS);
  afterAll(() => estate.close());

  it(
    'a VLAN, a zone and a mask that nobody ordered',
    async () => {
      const { world } = estate.simulation;
      world.network.configure('leaf-1', { eth1: { native: 110, protected: false } }, 'foreign:someone');
      expect((await estate.checkWorld({ placed: { [profile]: 'blade-1' } })).join('\n')).toMatch(
        /leaf-1 eth1.*untagged 110/,
      );
      world.network.configure('leaf-1', { eth1: { native: 101, protected: false } }, 'foreign:someone');
      expect(await estate.checkWorld({ placed: { [profile]: 'blade-1' } })).toEqual([]);
    },
    TEST_MS,
  );

  it(
    'a disassociate that forgets zones and masks',
    async () => {
      const end = await estate.run('disassociate', profile);
      expect(end.state).toBe('done');
      const problems = (await estate.checkWorld({ placed: {} })).join('\n');
      expect(problems).toMatch(/zone left over in fabric-a/);
      expect(problems).toMatch(/zone left over in fabric-b/);
      expect(problems).toMatch(/mask left over on array-1/);
    },
    TEST_MS,
  );

  it(
    'a migrate that does not stop and cut the source: the world itself stops',
    async () => {
      await estate.run('associate', profile, 'blade-1');
      await estate.runs.begin('migrate', profile, 'blade-2');
      const { checkers } = estate.simulation;
      await waitFor(() => checkers.reports.length > 0, { withinMs: 60_000, what: 'a checker to see it' });
      expect(['I1', 'I2', 'I3']).toContain(checkers.reports[0]?.violation.invariant);
      expect(() => checkers.assertClean()).toThrow();
    },
    TEST_MS,
  );
});
