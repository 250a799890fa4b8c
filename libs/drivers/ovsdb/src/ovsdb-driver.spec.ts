import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callThrough, describeSwitchConformance, RecordingGate, untilDone } from '@rackwright/driver-core/conformance';
import { createOvsdbDriver, type OvsdbDriver } from './ovsdb-driver.js';
import { RealOvs, realOvsMissing } from './testing/real-ovs.js';

const missing = realOvsMissing();
const PARKING = 4000;
const PORT = `rwp${process.pid % 100_000}a`;
const OTHER = `rwp${process.pid % 100_000}b`;

if (missing !== undefined) {
  it.skip(`real Open vSwitch: ${missing}`, () => undefined);
} else {
  describe('on a real Open vSwitch', () => {
    let ovs: RealOvs;
    const driver = (): OvsdbDriver => createOvsdbDriver({ address: `tcp:127.0.0.1:${ovs.tcpPort}` });
    const gate = new RecordingGate();
    const call = (): ReturnType<typeof callThrough> => callThrough(gate);
    const close = (): Promise<unknown> => untilDone(() => driver().ensurePortState(PORT, 'closed', PARKING, call()));

    beforeAll(async () => {
      ovs = await RealOvs.start([PORT, OTHER]);
      await ovs.vsctl('set', 'port', OTHER, 'tag=77');
    }, 60_000);
    afterAll(() => ovs.stop(), 30_000);

    describeSwitchConformance('ovsdb', {
      makeDriver: () => Promise.resolve(driver()),
      hooks: () => ({
        port: PORT,
        untouchedPort: OTHER,
        parkingVlan: PARKING,
        vlans: [10, 20],
        truth: async (port) => {
          const get = (column: string): Promise<string> => ovs.vsctl('get', 'port', port, column);
          const tag = await get('tag');
          const trunks = JSON.parse(await get('trunks')) as number[];
          const native = tag === '[]' ? {} : { native: Number(tag) };
          const closed = (await get('protected')) === 'true' && tag === String(PARKING);
          return { vlans: { ...native, tagged: trunks.filter((vlan) => vlan !== 4095) }, closed };
        },
      }),
    });

    it('names itself and never shows the local port of the bridge', async () => {
      expect(await driver().identify(call())).toMatchObject({
        kind: 'done',
        observed: { value: { vendor: 'Open vSwitch' } },
      });
      const list = await driver().listPorts(call());
      expect(list.kind === 'done' && list.observed.value.map((port) => port.port).sort()).toEqual([PORT, OTHER].sort());
    });

    it('reports a fresh port as carrying everything, and ends that when it is opened', async () => {
      await ovs.vsctl(
        'clear',
        'port',
        PORT,
        'tag',
        'trunks',
        'vlan_mode',
        'external_ids',
        '--',
        'set',
        'port',
        PORT,
        'protected=false',
      );
      expect(await driver().readPort(PORT, call())).toMatchObject({ observed: { value: { carriesEverything: true } } });
      const end = await untilDone(() => driver().ensurePortState(PORT, 'open', PARKING, call()));
      expect(end.observed.value).toMatchObject({ carriesEverything: false, vlans: { tagged: [] } });
      expect(await ovs.vsctl('get', 'port', PORT, 'trunks')).toBe('[4095]');
    });

    it('makes the switch forget the addresses it has learnt on a port that is closed', async () => {
      await untilDone(() => driver().ensureVlans(PORT, { native: 10, tagged: [] }, call()));
      await ovs.speak(PORT);
      await untilDone(async () => ((await ovs.learnt(PORT)).length > 0 ? doneWith(true) : settling()));
      await close();
      expect(await ovs.learnt(PORT)).toEqual([]);
    });

    it('also forgets them when the port rested in the parking VLAN before', async () => {
      await untilDone(() => driver().ensureVlans(PORT, { native: PARKING, tagged: [] }, call()));
      await untilDone(() => driver().ensurePortState(PORT, 'open', PARKING, call()));
      await ovs.speak(PORT);
      await untilDone(async () => ((await ovs.learnt(PORT)).length > 0 ? doneWith(true) : settling()));
      await close();
      expect(await ovs.learnt(PORT)).toEqual([]);
    });

    it('does not call a port closed while an unprotected port carries the parking VLAN', async () => {
      await close();
      await ovs.vsctl('set', 'port', OTHER, `tag=${PARKING}`);
      const exposed = await driver().ensurePortState(PORT, 'closed', PARKING, call());
      expect(exposed).toMatchObject({ kind: 'conflict', observed: { value: { state: 'open' } } });
      const tolerant = createOvsdbDriver(
        { address: `tcp:127.0.0.1:${ovs.tcpPort}` },
        { parkingMembersTolerated: [OTHER] },
      );
      expect(await tolerant.ensurePortState(PORT, 'closed', PARKING, call())).toMatchObject({ kind: 'done' });
      await ovs.vsctl('set', 'port', OTHER, 'tag=77');
      expect(await driver().ensurePortState(PORT, 'closed', PARKING, call())).toMatchObject({ kind: 'done' });
    });

    it('keeps the external_ids of others', async () => {
      await ovs.vsctl('set', 'port', PORT, 'external_ids:owner=someone');
      await untilDone(() => driver().ensurePortState(PORT, 'open', PARKING, call()));
      await close();
      expect(await ovs.vsctl('get', 'port', PORT, 'external_ids:owner')).toBe('someone');
    });

    it('is pending, not done, while the data plane has not applied the change', async () => {
      await ovs.stopDataPlane();
      const result = await driver().ensureVlans(OTHER, { native: 99, tagged: [] }, call());
      expect(result).toMatchObject({ kind: 'pending', handle: { kind: 'settling' } });
      expect(await driver().ensureVlans(OTHER, { native: 99, tagged: [] }, call())).toMatchObject({ kind: 'pending' });
      await ovs.startDataPlane();
      await untilDone(() => driver().ensureVlans(OTHER, { native: 99, tagged: [] }, call()));
    });

    it('is unknown when nobody listens', async () => {
      const nobody = createOvsdbDriver({ address: 'tcp:127.0.0.1:1' });
      expect(await nobody.listPorts(call())).toMatchObject({ kind: 'unknown', why: 'connection-reset' });
    });
  });
}

function doneWith<T>(value: T): { kind: 'done'; changed: false; observed: { value: T; at: Date; source: string } } {
  return {
    kind: 'done',
    changed: false,
    observed: { value, at: callThrough(new RecordingGate()).deadline, source: 'spec' },
  };
}

function settling(): { kind: 'pending'; handle: { kind: 'settling' } } {
  return { kind: 'pending', handle: { kind: 'settling' } };
}
