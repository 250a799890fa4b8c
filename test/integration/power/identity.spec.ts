import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { power, type ServerIdentityMessage } from '@rackwright/contracts';
import { parseIqn, parseMac, parseUuid, parseWwn } from '@rackwright/kernel';
import type { AdapterPortFacts } from '@rackwright/driver-core';
import { PowerWorld, type Target } from './power-world.js';

let world: PowerWorld;
let blade: Target;
let rack: Target;
let fibre: ServerIdentityMessage;
let iscsi: ServerIdentityMessage;

beforeAll(async () => {
  world = await PowerWorld.start();
  blade = await world.enrol('blade-1');
  rack = await world.enrol('rack-1');
  const ports = await portsOf('blade-1');
  const [nic] = ports.filter(({ kind }) => kind === 'ethernet');
  const [hba] = ports.filter(({ kind }) => kind === 'fibre-channel');
  fibre = {
    uuid: parseUuid('0192f0c1-0000-7000-8000-000000000001'),
    ports: [
      { port: nic?.name ?? '', mac: parseMac('02:00:0a:00:00:01') },
      {
        port: hba?.name ?? '',
        wwpn: parseWwn('20:00:0a:00:00:00:00:01'),
        wwnn: parseWwn('20:00:0a:00:00:00:00:02'),
        bootTargets: [{ kind: 'fibre-channel', target: '50:00:00:00:00:00:00:01', lun: 1 }],
      },
    ],
  };
  const [rackNic] = await portsOf('rack-1');
  iscsi = {
    ports: [
      {
        port: rackNic?.name ?? '',
        mac: parseMac('02:00:0a:00:00:09'),
        iscsi: { initiator: parseIqn('iqn.2026-01.net.example:web'), address: '10.60.0.50/24', gateway: '10.60.0.1' },
        bootTargets: [{ kind: 'iscsi', target: 'iqn.2026-01.net.example:disk', portal: '10.60.0.9:3260', lun: 1 }],
      },
    ],
  };
}, 60_000);
afterEach(() => world.simulation.faults.clear());
afterAll(() => world.close());

async function portsOf(name: string): Promise<readonly AdapterPortFacts[]> {
  const [row] = await world.rows<{ facts: { ports: AdapterPortFacts[] } }>('SELECT facts FROM bmcs WHERE name = $1', [
    name,
  ]);
  return row?.facts.ports ?? [];
}

const programmed = (identity: ServerIdentityMessage) => ({ kind: 'programmed' as const, identity });
const clean = { kind: 'clean' as const };

function macs(name: string): (string | null | undefined)[] {
  return world.server(name).ports.map(({ current, permanent }) => (current.mac === permanent.mac ? null : current.mac));
}

describe('an identity', () => {
  it('is not written into a server that is on', async () => {
    await world.bring('blade-1', 'on');
    const command = { ...world.on(blade), identity: fibre, boot: 'san' as const };
    expect(await world.ask(power.programmeIdentity, command)).toMatchObject({ kind: 'refused', code: 'not-off' });
    expect(macs('blade-1').filter(Boolean)).toEqual([]);
  });

  it('waits for the reset where the adapter wants one, and is taken back without a reset', async () => {
    await world.bring('blade-1', 'off');
    const command = { ...world.on(blade), identity: fibre, boot: 'san' as const };
    const written = await world.ask(power.programmeIdentity, command);
    expect(written).toMatchObject({ kind: 'done', result: { applied: 'at-next-reset' } });
    if (written.kind !== 'done') return;
    expect(written.result.evidence.map(({ fact }) => fact)).toEqual(
      expect.arrayContaining(['power-off', 'identity-programmed', 'boot-device', 'uuid-not-programmed']),
    );
    const check = (expectation: ReturnType<typeof programmed> | typeof clean) =>
      world.ask(power.checkIdentity, { ...world.on(blade), expect: expectation });
    expect(await check(programmed(fibre))).toMatchObject({ kind: 'done' });
    expect(await check(clean)).toMatchObject({ kind: 'refused', code: 'identity-differs' });
    expect(await world.ask(power.checkClean, world.on(blade))).toMatchObject({ kind: 'refused', code: 'not-clean' });
    expect(await world.ask(power.deleteBmc, { name: 'blade-1' })).toMatchObject({ code: 'server-in-use' });

    // Never applied, so nothing has to be applied to take it back: the ports may be open.
    expect(await world.ask(power.clearIdentity, { ...world.on(blade), portsClosed: false })).toMatchObject({
      kind: 'done',
      result: { powerCycled: false },
    });
    expect(await check(clean)).toMatchObject({ kind: 'done' });
    expect(await check(programmed(fibre))).toMatchObject({ kind: 'refused', code: 'identity-differs' });
  }, 60_000);

  it('comes live at power-on', async () => {
    const command = { ...world.on(blade), identity: fibre, boot: 'san' as const };
    expect(await world.ask(power.programmeIdentity, command)).toMatchObject({ kind: 'done' });
    expect(await world.ask(power.ensureOn, world.on(blade))).toMatchObject({ kind: 'done' });
    const early = await world.ask(power.verifyBoot, { ...world.on(blade), identity: fibre }, 4_000);
    // The LUN does not exist, so the boot ends in front of an empty screen: the adapter is live all the same.
    expect(early.kind).toBe('unknown');
    expect(macs('blade-1')).toContain('02:00:0a:00:00:01');
  }, 60_000);

  it('is cleared by a power cycle only when the ports are closed, and ends off and clean', async () => {
    expect(await world.ask(power.clearIdentity, { ...world.on(blade), portsClosed: true })).toMatchObject({
      kind: 'refused',
      code: 'not-off',
    });
    await world.bring('blade-1', 'off');
    expect(macs('blade-1')).toContain('02:00:0a:00:00:01');
    expect(await world.ask(power.clearIdentity, { ...world.on(blade), portsClosed: false })).toMatchObject({
      kind: 'refused',
      code: 'needs-power-cycle',
    });
    expect(macs('blade-1')).toContain('02:00:0a:00:00:01');
    const cleared = await world.ask(power.clearIdentity, { ...world.on(blade), portsClosed: true });
    expect(cleared).toMatchObject({ kind: 'done', result: { powerCycled: true } });
    if (cleared.kind !== 'done') return;
    const facts = cleared.result.evidence.map(({ fact, subject }) => [fact, subject]);
    expect(facts).toEqual([
      ['power-off', blade.serverId],
      ['power-off', blade.serverId],
      ['identity-clean', blade.serverId],
    ]);
    expect(world.server('blade-1').phase).toBe('off');
    expect(macs('blade-1').filter(Boolean)).toEqual([]);
    expect(world.server('blade-1').ports.every(({ pending }) => pending === undefined)).toBe(true);
    expect(await world.ask(power.checkClean, world.on(blade))).toMatchObject({ kind: 'done' });
  }, 60_000);

  it('carries an iSCSI initiator and its boot target', async () => {
    await world.bring('rack-1', 'off');
    const command = { ...world.on(rack), identity: iscsi, boot: 'san' as const };
    expect(await world.ask(power.programmeIdentity, command)).toMatchObject({ kind: 'done' });
    const check = await world.ask(power.checkIdentity, { ...world.on(rack), expect: programmed(iscsi) });
    expect(check).toMatchObject({ kind: 'done' });
    expect(await world.ask(power.clearIdentity, { ...world.on(rack), portsClosed: true })).toMatchObject({
      kind: 'done',
    });
  }, 60_000);

  it('is refused for a port that is not there', async () => {
    await world.bring('rack-1', 'off');
    const identity = { ports: [{ port: 'NIC.99', mac: parseMac('02:00:0a:00:00:0f') }] };
    const command = { ...world.on(rack), identity, boot: 'network' as const };
    expect(await world.ask(power.programmeIdentity, command)).toMatchObject({
      kind: 'refused',
      code: 'not-assignable',
    });
  });
});

describe('a server that boots', () => {
  it('is verified when its BMC shows the operating system', async () => {
    await world.bring('rack-1', 'off');
    const identity = { ports: [] };
    const command = { ...world.on(rack), identity, boot: 'disk' as const };
    expect(await world.ask(power.programmeIdentity, command)).toMatchObject({
      kind: 'done',
      result: { applied: 'now' },
    });
    expect(await world.ask(power.ensureOn, world.on(rack))).toMatchObject({ kind: 'done' });
    const verified = await world.ask(power.verifyBoot, { ...world.on(rack), identity });
    expect(verified).toMatchObject({ kind: 'done' });
    if (verified.kind === 'done') expect(['OSBootStarted', 'OSRunning']).toContain(verified.result.bootProgress);
  });

  it('is refused when it stays on with another identity', async () => {
    const asked = world.ask(power.verifyBoot, { ...world.on(rack), identity: iscsi }, 25_000);
    expect(await asked).toMatchObject({ kind: 'refused', code: 'identity-differs' });
  }, 40_000);
});
