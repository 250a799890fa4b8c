import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { World } from '@rackwright/sim';
import { waitFor } from '@rackwright/testing';
import { Estate } from './estate/estate.js';
import { describeEnd, type RunEnd, type RunKind } from './estate/runs.js';

const START_MS = 60_000;

describe('a profile', () => {
  let estate: Estate;
  beforeAll(async () => {
    estate = await Estate.start();
  }, START_MS);
  afterAll(() => estate.close());

  async function done(kind: RunKind, profile: string, target?: string): Promise<RunEnd> {
    const end = await estate.run(kind, profile, target);
    if (end.state !== 'done') throw new Error(`${describeEnd(end)}\n${estate.log.slice(-10).join('')}`);
    return end;
  }

  describe.each([
    ['Fibre Channel', () => estate.defineFcProfile(), 'blade-1', 'blade-2'],
    ['iSCSI', () => estate.defineIscsiProfile(), 'rack-1', 'rack-2'],
  ])('that boots over %s', (_kind, define, first, second) => {
    let profile: string;
    let volume: string;

    it('starts on a server from its own LUN, with its networks, and nothing else is open', async () => {
      profile = await define();
      volume = `boot-${profile.split('-')[1]?.padStart(2, '0')}`;
      await done('associate', profile, first);
      expect(await estate.checkWorld({ placed: { [profile]: first } })).toEqual([]);
      await untilWriting(estate.simulation.world, volume, first);
    });

    it('goes on elsewhere with the same identity and the same disk, without any zoning or masking change', async () => {
      const { world } = estate.simulation;
      const before = [world.mutationsOf('fabric'), world.mutationsOf('array')];
      await done('migrate', profile, second);
      expect([world.mutationsOf('fabric'), world.mutationsOf('array')]).toEqual(before);
      expect(await estate.checkWorld({ placed: { [profile]: second } })).toEqual([]);
      await untilWriting(world, volume, second);
      expect(world.state.servers[first]?.phase).toBe('off');
    });

    it('leaves nothing behind when it is taken off', async () => {
      await done('disassociate', profile);
      expect(await estate.checkWorld({ placed: {} })).toEqual([]);
    });
  });
});

/** The array counts writes of this server on this volume, and goes on counting. */
async function untilWriting(world: World, volume: string, server: string): Promise<void> {
  const count = (): number =>
    world.state.arrays['array-1']?.writes[volume]?.lifetimes.findLast((each) => each.server === server)?.count ?? 0;
  await waitFor(() => count() > 0, { what: `${server} to write on ${volume}` });
  const before = count();
  await waitFor(() => count() > before, { what: `${server} to go on writing on ${volume}` });
}
