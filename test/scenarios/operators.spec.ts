import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { coordinator, inventory } from '@rackwright/contracts';
import { inventoryOf } from '@rackwright/sim';
import { waitFor } from '@rackwright/testing';
import { Estate } from './estate/estate.js';
import { describeEnd, type RunEnd } from './estate/runs.js';
import { CASE_TIMEOUT_MS } from './share.js';

const ACTOR = 'operator';
const ASK = { timeoutMs: 20_000 };

/** What people do when hardware or a run is in trouble: fence, mark done, abandon, and back to normal. */
describe('an operator', () => {
  let estate: Estate;
  /** On blade-1 or blade-2 all the time, to see that nothing here touches what is not its own. */
  let kept: string;
  let stuckRun: string;
  let stranded: string;
  beforeAll(async () => {
    estate = await Estate.start();
    kept = await estate.defineFcProfile();
    stranded = await estate.defineFcProfile();
  }, CASE_TIMEOUT_MS);
  afterAll(() => estate.close());

  const serverOf = (server: string) => estate.queries.query(inventory.getServer, { server });
  const profileOf = (profile: string) => estate.queries.query(inventory.getProfile, { profile });

  async function done(begun: Promise<RunEnd>): Promise<RunEnd> {
    const end = await begun;
    if (end.state !== 'done') throw new Error(`${describeEnd(end)}\n${estate.log.slice(-10).join('')}`);
    return end;
  }

  async function setLifecycle(server: string, to: 'available') {
    const { id: serverId } = await serverOf(server);
    return estate.commands.ask(inventory.setServerLifecycle, { serverId, to, reason: 'looked at it' }, ASK);
  }

  async function planCodes(request: coordinator.PlanRequest): Promise<string[]> {
    const plan = await estate.queries.query(coordinator.createPlan, { request, actor: ACTOR }, ASK);
    return [plan.state, ...plan.blockedBy.map(({ code }) => code)];
  }

  /** What a server still shows or reaches: a fenced one is off, without any identity, and behind closed ports only. */
  function signsOfLife(server: string): string[] {
    const { world } = estate.simulation;
    const seen = inventoryOf(world);
    const open = world.state.cables.flatMap(({ from, to }) => {
      if (from.kind !== 'server' || from.device !== server) return [];
      const lan = seen.vlans.find((each) => each.switch === to.device && each.port === to.port);
      const san = seen.sanPorts.find((each) => each.switch === to.device && each.port === to.port);
      return lan?.closed === true || san?.enabled === false ? [] : [`${to.device} ${to.port} is open`];
    });
    return [
      ...seen.powered.filter((name) => name === server).map(() => 'powered'),
      ...seen.identities.filter((port) => port.server === server).map((port) => JSON.stringify(port)),
      ...open,
    ];
  }

  it(
    'fences a server, and its profile stays with it',
    async () => {
      await done(estate.run('associate', kept, 'blade-1'));
      const { id: serverId } = await serverOf('blade-1');
      expect(signsOfLife('blade-1')).not.toEqual([]);

      const runId = await estate.runs.start({ kind: 'fence', serverId, reason: 'smells burnt' });
      await done(estate.runs.untilRest(runId));
      expect(signsOfLife('blade-1')).toEqual([]);
      expect(await serverOf('blade-1')).toMatchObject({ lifecycle: 'quarantined', profile: kept });
      expect(await serverOf('blade-1')).not.toHaveProperty('lockedBy');
      expect((await profileOf(kept)).server).toBe('blade-1');
      expect(estate.simulation.checkers.reports).toEqual([]);
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'finds a fenced server still down when moving its profile away failed',
    async () => {
      let isRefused = false;
      estate.seam.plan = ({ step }) => {
        if (step !== 'verify-boot') return undefined;
        isRefused = true;
        return 'refuse';
      };
      const poweredOn: string[] = [];
      const stop = estate.simulation.world.observe(() => {
        poweredOn.push(...inventoryOf(estate.simulation.world).powered.filter((name) => name === 'blade-1'));
      });
      const end = await estate.run('migrate', kept, 'blade-2');
      stop();
      estate.seam.plan = undefined;
      expect([isRefused, end.state]).toEqual([true, 'undone']);
      expect(poweredOn).toEqual([]);
      expect(signsOfLife('blade-1')).toEqual([]);
      expect(await serverOf('blade-1')).toMatchObject({ lifecycle: 'quarantined', profile: kept });
      expect(await serverOf('blade-1')).not.toHaveProperty('lockedBy');
      expect(await serverOf('blade-2')).toMatchObject({ lifecycle: 'available' });
      expect(signsOfLife('blade-2')).toEqual([]);
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'moves the profile of a fenced server away and takes the server back into use',
    async () => {
      const { id: serverId } = await serverOf('blade-1');
      await done(estate.run('migrate', kept, 'blade-2'));
      expect(await estate.checkWorld({ placed: { [kept]: 'blade-2' } })).toEqual([
        'blade-1 is quarantined, not available',
      ]);
      expect(signsOfLife('blade-1')).toEqual([]);
      expect(await planCodes({ kind: 'migrate', profileId: (await profileOf(kept)).id, serverId })).toEqual([
        'blocked',
        'server-not-available',
      ]);

      expect(await setLifecycle('blade-1', 'available')).toMatchObject({ kind: 'done' });
      expect(await estate.checkWorld({ placed: { [kept]: 'blade-2' } })).toEqual([]);
      await done(estate.run('migrate', kept, 'blade-1'));
      expect(await estate.checkWorld({ placed: { [kept]: 'blade-1' } })).toEqual([]);
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'finds profile and server of a stuck run off and locked',
    async () => {
      const refused = new Set<string>();
      estate.seam.plan = ({ step }) => {
        if (step !== 'verify-boot' && step !== 'back-clear-target') return undefined;
        refused.add(step);
        return 'refuse';
      };
      const end = await estate.run('associate', stranded, 'blade-3');
      stuckRun = end.runId;
      expect(end.state).toBe('stuck');
      expect([...refused]).toEqual(['verify-boot', 'back-clear-target']);
      expect(end.view.verbs).toEqual(['retry', 'abandon']);

      const { world } = estate.simulation;
      expect(world.state.servers['blade-3']?.phase).toBe('off');
      expect(inventoryOf(world).identities.map(({ server }) => server)).toContain('blade-3');
      const held = { placed: { [kept]: 'blade-1' }, held: ['blade-3'] };
      expect(await estate.checkWorld(held)).toEqual([]);

      const [profile, other, target, elsewhere] = await Promise.all([
        profileOf(stranded),
        profileOf(kept),
        serverOf('blade-3'),
        serverOf('blade-4'),
      ]);
      expect([profile.lockedBy, target.lockedBy]).toEqual([stuckRun, stuckRun]);
      expect(profile.formerHolders.map(({ server }) => server)).toEqual(['blade-3']);
      expect(await planCodes({ kind: 'associate', profileId: profile.id, serverId: elsewhere.id })).toEqual([
        'blocked',
        'profile-locked',
      ]);
      expect(await planCodes({ kind: 'migrate', profileId: other.id, serverId: target.id })).toEqual([
        'blocked',
        'server-locked',
      ]);
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'cannot vouch for a cut: only readings can',
    async () => {
      const markDone = (step: string) =>
        estate.commands.ask(
          coordinator.markRunDone,
          { runId: stuckRun as never, actor: ACTOR, reason: 'believe me', step },
          ASK,
        );
      expect(await markDone('back-clear-target')).toMatchObject({ kind: 'refused', code: 'not-vouchable' });
      expect(await markDone('back-stop-target')).toMatchObject({ kind: 'refused', code: 'wrong-step' });
      expect(await markDone('recheck-san')).toMatchObject({ kind: 'refused', code: 'wrong-step' });
      expect(await estate.runs.untilRest(stuckRun)).toMatchObject({ state: 'stuck' });
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'abandons a run only on proof, and the next one clears what it left behind',
    async () => {
      const abandon = async () => {
        const input = { runId: stuckRun as never, actor: ACTOR, reason: 'adapter is to be replaced' };
        expect(await estate.commands.ask(coordinator.abandonRun, input, ASK)).toMatchObject({ kind: 'done' });
      };
      let isDoubted = false;
      estate.seam.plan = ({ step }) => {
        if (!step.startsWith('prove-off[')) return undefined;
        isDoubted = true;
        return 'refuse';
      };
      await abandon();
      await waitFor(() => isDoubted, { what: 'the proof to be asked for' });
      expect(await estate.runs.untilRest(stuckRun)).toMatchObject({ state: 'stuck' });
      expect(await serverOf('blade-3')).toMatchObject({ lockedBy: stuckRun });

      estate.seam.plan = undefined;
      await abandon();
      await waitFor(async () => (await serverOf('blade-3')).lockedBy === undefined, {
        withinMs: 60_000,
        what: 'the locks to be given back',
      });
      const end = await estate.runs.untilRest(stuckRun);
      expect(end).toMatchObject({ state: 'undone', reason: expect.stringContaining('Abandoned') });
      for (const name of ['prove-off', 'prove-lan', 'prove-san']) {
        const proof = end.view.steps.find(({ step }) => step.split('[')[0] === name);
        expect(proof).toMatchObject({ state: 'done', evidence: expect.anything() });
      }
      const { id: serverId, lifecycle } = await serverOf('blade-3');
      expect(lifecycle).toBe('quarantined');
      expect((await profileOf(stranded)).formerHolders.map((each) => each.serverId)).toEqual([serverId]);
      expect(await setLifecycle('blade-3', 'available')).toMatchObject({ kind: 'refused', code: 'former-holder' });

      const next = await done(estate.run('associate', stranded, 'blade-4'));
      for (const name of HOLDER_STEPS) {
        expect(next.view.steps.find(({ step }) => step === `${name}[${serverId}]`)).toMatchObject({ state: 'done' });
      }
      const placed = { [kept]: 'blade-1', [stranded]: 'blade-4' };
      expect(await estate.checkWorld({ placed })).toEqual(['blade-3 is quarantined, not available']);
      expect(signsOfLife('blade-3')).toEqual([]);
      expect(await setLifecycle('blade-3', 'available')).toMatchObject({ kind: 'done' });
      expect(await estate.checkWorld({ placed })).toEqual([]);
    },
    CASE_TIMEOUT_MS,
  );
});

const HOLDER_STEPS = [
  'stop-holders',
  'close-holder-lan',
  'close-holder-san',
  'clear-holders',
  'forget-holders',
  'recheck-holders',
];
