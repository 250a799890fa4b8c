import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Initiator } from '@rackwright/driver-core';
import { callThrough, describeArrayConformance, RecordingGate, untilDone } from '@rackwright/driver-core/conformance';
import { createPowerStoreDriver, type PowerStoreDriver } from '@rackwright/driver-dell-powerstore';
import { parseIqn, parseWwn, SeededRandom } from '@rackwright/kernel';
import { aSmallWorld, createArrayFace, type PowerStoreFaceOptions } from '@rackwright/sim/testing';

async function anArray(options: Partial<PowerStoreFaceOptions> = {}) {
  const { world, clock } = aSmallWorld();
  const array = Object.keys(world.state.arrays)[0] as string;
  const face = createArrayFace(world, array, { clock, random: new SeededRandom(1), ...options });
  const { url } = await face.start();
  const driver = (password = 'password'): PowerStoreDriver =>
    createPowerStoreDriver({ address: url, credential: { username: 'admin', password } });
  const volumes = Object.keys(world.state.arrays[array]?.volumes ?? {});
  return { world, array, face, driver, volumes };
}

const fc = (tail: string): Initiator => ({ kind: 'fibre-channel', wwpn: parseWwn(`10:00:0a:00:00:00:00:${tail}`) });
const iscsi = (tail: string): Initiator => ({ kind: 'iscsi', iqn: parseIqn(`iqn.2026-01.org.example:${tail}`) });

describe.each([
  ['Fibre Channel', [fc('01'), fc('02')] as const, {}],
  ['iSCSI, in pages of one', [iscsi('a'), iscsi('b')] as const, { paging: { defaultLimit: 1, maxLimit: 1 } }],
])('the simulated array, %s', (_name, initiators, options) => {
  let sim: Awaited<ReturnType<typeof anArray>>;
  beforeAll(async () => {
    sim = await anArray(options);
  });
  afterAll(async () => {
    expect(sim.face.sessions.count).toBe(0);
    await sim.face.stop();
  });

  describeArrayConformance('dell-powerstore', {
    makeDriver: () => Promise.resolve(sim.driver()),
    hooks: () => ({
      mappings: [
        { volume: sim.volumes[0] as string, lun: 1 },
        { volume: sim.volumes[1] as string, lun: 7 },
      ],
      initiators,
      endsSessions: false,
    }),
  });
});

describe('the simulated array', () => {
  const gate = new RecordingGate();
  const call = (): ReturnType<typeof callThrough> => callThrough(gate);

  it('names itself and its targets, and refuses a wrong password', async () => {
    const sim = await anArray();
    try {
      const identity = await sim.driver().identify(call());
      expect(identity).toMatchObject({
        kind: 'done',
        observed: { value: { vendor: 'Dell', serial: expect.anything() } },
      });
      const targets = await sim.driver().targets(call());
      expect(targets.kind === 'done' && targets.observed.value.map((target) => target.kind)).toContain('fibre-channel');
      expect(await sim.driver('wrong').volumes(call())).toMatchObject({ kind: 'refused', code: 'powerstore.login' });
    } finally {
      await sim.face.stop();
    }
  });

  it('refuses a LUN that is wanted twice and never touches the mappings of others', async () => {
    const sim = await anArray();
    const [volume = '', other = ''] = sim.volumes;
    try {
      const theirs = {
        name: 'theirs',
        initiators: [{ kind: 'fibre-channel', name: '10:00:0a:00:00:00:00:99' } as const],
      };
      const host = sim.world.arrays.createHost(sim.array, theirs, 'storage-team');
      if (!host.ok) throw new Error('no host');
      sim.world.arrays.map(sim.array, host.value.id, { volume, lun: 3 }, 'storage-team');
      const twice = {
        name: 'rw_x',
        initiators: [fc('01')],
        mappings: [
          { volume, lun: 1 },
          { volume: other, lun: 1 },
        ],
      };
      expect(await sim.driver().ensureHost(twice, call())).toMatchObject({
        kind: 'refused',
        code: 'powerstore.lun-twice',
      });
      await untilDone(() => sim.driver().ensureHost({ ...twice, mappings: [{ volume, lun: 1 }] }, call()));
      await untilDone(() => sim.driver().ensureNoHost('rw_x', call()));
      expect(await sim.driver().readHost('theirs', call())).toMatchObject({
        observed: { value: { mappings: [{ volume, lun: 3 }] } },
      });
    } finally {
      await sim.face.stop();
    }
  });

  it('moves a volume to another LUN', async () => {
    const sim = await anArray();
    const [volume = ''] = sim.volumes;
    try {
      const at = (lun: number) => ({ name: 'rw_x', initiators: [fc('01')], mappings: [{ volume, lun }] });
      await untilDone(() => sim.driver().ensureHost(at(1), call()));
      expect((await untilDone(() => sim.driver().ensureHost(at(2), call()))).observed.value).toEqual(at(2));
    } finally {
      await sim.face.stop();
    }
  });
});
