import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { power, powerSealingKey } from '@rackwright/contracts';
import { sealCredential } from '@rackwright/device-registry';
import { parseIqn, parseMac } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import { PASSWORD, RealIpmi, realIpmiMissing } from '@rackwright/driver-ipmi/testing';
import { PowerWorld, type Target } from './power-world.js';

const missing = realIpmiMissing();
const describeHere = missing === undefined ? describe : describe.skip;

let world: PowerWorld;
let ipmi: RealIpmi;
let server: Target;

const identity = {
  ports: [
    {
      port: 'NIC.1',
      mac: parseMac('02:00:0a:00:00:01'),
      iscsi: { initiator: parseIqn('iqn.2026-01.net.example:web'), address: '10.60.0.50/24' },
      bootTargets: [
        { kind: 'iscsi' as const, target: 'iqn.2026-01.net.example:disk', portal: '10.60.0.9:3260', lun: 1 },
      ],
    },
  ],
};

describeHere('a server with IPMI and a boot script', () => {
  beforeAll(async () => {
    [world, ipmi] = await Promise.all([PowerWorld.start(), RealIpmi.start()]);
    const { publicKey } = await world.queries.query(powerSealingKey, {});
    const outcome = await world.ask(power.putBmc, {
      name: 'old-1',
      driver: 'ipmi+ipxe',
      address: `127.0.0.1:${ipmi.port}`,
      trust: { kind: 'none' },
      credential: await sealCredential({ username: 'admin', password: PASSWORD }, publicKey),
      options: { ports: 'NIC.1=net0=52:54:00:00:00:01', cipherSuite: '3' },
    });
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    const serverId = await waitFor(async () => (await world.bmc('old-1'))?.serverId, { withinMs: 20_000 });
    server = await world.raise({ name: 'old-1', serverId, boardSerial: 'BRD-0001', guards: [] });
  }, 60_000);
  afterAll(async () => {
    await world.close();
    await ipmi.stop();
  });

  it('is known by the serial of its FRU, and another serial is refused', async () => {
    const wrong = { ...world.on(server), boardSerial: 'BRD-0002', graceMs: 0, proof: 'one-reading' as const };
    expect(await world.ask(power.ensureOff, wrong)).toMatchObject({ kind: 'refused', code: 'wrong-device' });
  }, 60_000);

  it('gets its identity as a script that is served to nobody else, and loses it again', async () => {
    const off = { ...world.on(server), graceMs: 0, proof: 'two-readings' as const };
    expect(await world.ask(power.ensureOff, off)).toMatchObject({ kind: 'done' });
    expect(await world.ask(power.checkClean, world.on(server))).toMatchObject({ kind: 'done' });
    const command = { ...world.on(server), identity, boot: 'san' as const };
    expect(await world.ask(power.programmeIdentity, command)).toMatchObject({
      kind: 'done',
      result: { applied: 'now' },
    });
    expect(await script('BRD-0001')).toContain('iqn.2026-01.net.example:disk');
    expect(await script('BRD-0002')).not.toContain('iqn.2026');
    expect((await fetch(`${world.bootScriptUrl}/elsewhere`)).status).toBe(404);
    const check = { ...world.on(server), expect: { kind: 'programmed' as const, identity } };
    expect(await world.ask(power.checkIdentity, check)).toMatchObject({ kind: 'done' });
    const cleared = await world.ask(power.clearIdentity, { ...world.on(server), portsClosed: false });
    expect(cleared).toMatchObject({ kind: 'done', result: { powerCycled: false } });
    expect(await script('BRD-0001')).not.toContain('iqn.2026');
  }, 90_000);
});

async function script(serial: string): Promise<string> {
  const answer = await fetch(`${world.bootScriptUrl}/boot/${serial}`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  return answer.text();
}
