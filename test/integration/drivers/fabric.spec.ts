import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createBrocadeFosDriver, type BrocadeFosDriver } from '@rackwright/driver-brocade-fos';
import { callThrough, describeFabricConformance, RecordingGate, untilDone } from '@rackwright/driver-core/conformance';
import { parseWwn, SeededRandom } from '@rackwright/kernel';
import { aSmallWorld, createFabricFace, type FosFace, type FosFaceOptions } from '@rackwright/sim/testing';

const CREDENTIAL = { username: 'admin', password: 'password' };
const INITIATORS = [parseWwn('10:00:0a:00:00:00:00:01'), parseWwn('10:00:0a:00:00:00:00:02')] as const;
const TARGET = parseWwn('50:06:01:60:00:00:00:01');

/** A switch of the small site with an enabled configuration of somebody else. */
async function aSwitch(options: Partial<FosFaceOptions> = {}) {
  const { world, clock } = aSmallWorld();
  const fabric = Object.keys(world.state.fabrics)[0] as string;
  const fcSwitch = Object.keys(world.fabrics.fabric(fabric).switches)[0] as string;
  world.fabrics.stage(fabric, 'storage-team', (draft) => {
    draft.zones['prod_zone'] = { type: 'zone', members: ['10:00:00:00:c9:00:00:01', TARGET], principals: [] };
    draft.configurations['prod_cfg'] = ['prod_zone'];
  });
  world.fabrics.save(fabric, 'storage-team', { checksum: world.fabrics.fabric(fabric).checksum, enable: 'prod_cfg' });
  const face: FosFace = createFabricFace(world, fcSwitch, { clock, random: new SeededRandom(1), ...options });
  const { url } = await face.start();
  const driver = (): BrocadeFosDriver =>
    createBrocadeFosDriver({ address: url, credential: CREDENTIAL }, { createConfiguration: 'rw_cfg' });
  const port = Object.keys(world.fabrics.fabric(fabric).switches[fcSwitch]?.ports ?? {})[0] as string;
  const foreignTransaction = (): Promise<() => Promise<void>> => {
    world.fabrics.stage(fabric, 'storage-team', (draft) => {
      draft.zones['half_done'] = { type: 'zone', members: [TARGET], principals: [] };
    });
    return Promise.resolve(() => {
      world.fabrics.abort(fabric, 'storage-team');
      return Promise.resolve();
    });
  };
  return { world, fabric, face, driver, port, foreignTransaction };
}

describe.each([
  ['as delivered', {}],
  ['with single elements as objects and PATCH that merges', { singleAsObject: true, patchMode: 'merge' as const }],
])('the simulated switch %s', (_name, options) => {
  let it: Awaited<ReturnType<typeof aSwitch>>;
  beforeAll(async () => {
    it = await aSwitch(options);
  });
  afterAll(() => it.face.stop());

  describeFabricConformance('brocade-fos', {
    makeDriver: () => Promise.resolve(it.driver()),
    hooks: () => ({
      initiators: INITIATORS,
      target: TARGET,
      foreignZone: 'prod_zone',
      port: it.port,
      foreignTransaction: it.foreignTransaction,
      openSessions: () => it.face.sessions.count,
    }),
  });
});

describe('faults of the simulated switch', () => {
  const gate = new RecordingGate();
  const call = (): ReturnType<typeof callThrough> => callThrough(gate);
  const change = { ensure: [{ name: 'rw_web', members: [INITIATORS[0], TARGET] }], remove: [] };

  it.each([
    ['another administrator takes the lock', { kind: 'lock-held', verb: 'POST', path: 'defined', end: 'refused' }],
    ['the checksum is stale', { kind: 'checksum-conflict', verb: 'PATCH', path: 'effective', end: 'refused' }],
    ['the commit fails half-way', { kind: 'commit-half-way', verb: 'PATCH', path: 'effective', end: 'conflict' }],
  ])('leaves no transaction open when %s', async (_name, { kind, verb, path, end }) => {
    let fired = 0;
    const sim = await aSwitch({
      faultFor: (request) => {
        if (request.verb !== verb || !request.path.includes(path) || fired > 0) return undefined;
        fired += 1;
        return { kind } as never;
      },
    });
    try {
      expect(await sim.driver().ensureZones(change, call())).toMatchObject({ kind: end });
      expect(fired).toBe(1);
      const after = await sim.driver().readFabric(call());
      expect(after).toMatchObject({ kind: 'done' });
      expect(after.kind === 'done' && after.observed.value.openTransaction).toBeUndefined();
      expect(sim.face.sessions.count).toBe(0);
      const again = await untilDone(() => sim.driver().ensureZones(change, call()));
      expect(again.observed.value.enabledZones.map((zone) => zone.name).sort()).toEqual(['prod_zone', 'rw_web']);
    } finally {
      await sim.face.stop();
    }
  });

  it('is busy when all sessions are taken', async () => {
    const sim = await aSwitch({ maxRestSessions: 0 });
    try {
      expect(await sim.driver().readFabric(call())).toMatchObject({ kind: 'busy' });
    } finally {
      await sim.face.stop();
    }
  });
});
