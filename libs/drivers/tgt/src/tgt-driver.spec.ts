import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Initiator } from '@rackwright/driver-core';
import { callThrough, describeArrayConformance, RecordingGate, untilDone } from '@rackwright/driver-core/conformance';
import { parseIqn } from '@rackwright/kernel';
import { createTgtDriver, type TgtDriver } from './tgt-driver.js';
import { RealTgt, realTgtMissing } from './testing/real-tgt.js';

const missing = realTgtMissing();
const PREFIX = 'iqn.2026-01.org.example:array1.';
const initiator = (name: string): Initiator => ({ kind: 'iscsi', iqn: parseIqn(`iqn.2026-01.org.example:${name}`) });
const iqnOf = (one: Initiator): string => (one.kind === 'iscsi' ? one.iqn : '');

if (missing !== undefined) {
  it.skip(`real tgtd: ${missing}`, () => undefined);
} else {
  describe('on a real tgtd', () => {
    let tgt: RealTgt;
    const gate = new RecordingGate();
    const call = (): ReturnType<typeof callThrough> => callThrough(gate);
    const driver = (command?: readonly string[]): TgtDriver =>
      createTgtDriver({
        controlPort: tgt.controlPort,
        ipcSocket: tgt.ipcSocket,
        portal: tgt.portal,
        volumePrefix: PREFIX,
        ...(command ? { command } : {}),
      });

    beforeAll(async () => {
      tgt = await RealTgt.start();
      await tgt.addVolume(1, `${PREFIX}lun-web`);
      await tgt.addVolume(2, `${PREFIX}lun-mail`);
      await tgt.addVolume(3, `${PREFIX}lun-foreign`);
      await tgt.admin(
        '--op',
        'bind',
        '--mode',
        'target',
        '--tid',
        '3',
        '--initiator-name',
        'iqn.2026-01.org.example:foreign',
      );
    }, 30_000);
    afterAll(() => tgt.stop(), 30_000);

    describeArrayConformance('tgt', {
      makeDriver: () => Promise.resolve(driver()),
      hooks: () => ({
        mappings: [
          { volume: 'lun-web', lun: 1 },
          { volume: 'lun-mail', lun: 1 },
        ],
        initiators: [initiator('host1'), initiator('host2')],
        canReach: (one, mapping) => tgt.canReach(iqnOf(one), PREFIX + mapping.volume, mapping.lun),
        logIn: (one, mapping) => tgt.logIn(iqnOf(one), PREFIX + mapping.volume, mapping.lun),
        endsSessions: true,
      }),
    });

    it('unmasking leaves the live session running, and ending it is a step of its own', async () => {
      const host = { name: 'rw_live', initiators: [initiator('live')], mappings: [{ volume: 'lun-web', lun: 1 }] };
      await untilDone(() => driver().ensureHost(host, call()));
      const session = await tgt.logIn(iqnOf(initiator('live')), `${PREFIX}lun-web`, 1);
      await untilDone(() => driver().ensureNoHost('rw_live', call()));
      const live = await driver().sessions([initiator('live')], call());
      expect(live).toMatchObject({ kind: 'done', observed: { value: [{ volume: 'lun-web' }] } });
      await untilDone(() => driver().ensureNoSessions([initiator('live')], call()));
      expect(await tgt.admin('--op', 'show', '--mode', 'conn', '--tid', '1')).toBe('');
      await session.end();
    });

    it('never touches initiators that belong to nobody of ours', async () => {
      const host = { name: 'rw_x', initiators: [initiator('x')], mappings: [{ volume: 'lun-foreign', lun: 1 }] };
      await untilDone(() => driver().ensureHost(host, call()));
      await untilDone(() => driver().ensureNoHost('rw_x', call()));
      const shown = await tgt.admin('--op', 'show', '--mode', 'target', '--tid', '3').catch(() => '');
      expect((await tgt.admin('--op', 'show', '--mode', 'target')) + shown).toContain(
        'iqn.2026-01.org.example:foreign',
      );
      expect(await tgt.canReach('iqn.2026-01.org.example:foreign', `${PREFIX}lun-foreign`, 1)).toBe(true);
    });

    it('refuses a LUN number the target does not serve, and a volume that admits everybody', async () => {
      const host = (volume: string, lun: number): Parameters<TgtDriver['ensureHost']>[0] => ({
        name: 'rw_y',
        initiators: [initiator('y')],
        mappings: [{ volume, lun }],
      });
      expect(await driver().ensureHost(host('lun-web', 7), call())).toMatchObject({
        kind: 'refused',
        code: 'tgt.lun-fixed',
      });
      await tgt.addVolume(4, `${PREFIX}lun-open`);
      await tgt.admin('--op', 'bind', '--mode', 'target', '--tid', '4', '--initiator-address', 'ALL');
      expect(await driver().ensureHost(host('lun-open', 1), call())).toMatchObject({
        kind: 'refused',
        code: 'tgt.volume-open',
      });
    });

    it('runs through a command prefix, and says when the tool or the daemon is missing', async () => {
      expect(await driver(['env', 'tgtadm']).volumes(call())).toMatchObject({ kind: 'done' });
      expect(await driver(['/nowhere/tgtadm']).volumes(call())).toMatchObject({
        kind: 'refused',
        code: 'device.tool-missing',
      });
      const deaf = createTgtDriver({ controlPort: 32_000, ipcSocket: tgt.ipcSocket });
      expect(await deaf.volumes(call())).toMatchObject({ kind: 'busy' });
    });

    it('is unknown when the tool has to be ended at the deadline', async () => {
      const slow = driver(['sh', '-c', 'exec sleep 30']);
      expect(await slow.volumes(callThrough(gate, 200))).toMatchObject({ kind: 'unknown', why: 'timeout' });
      expect(gate.open).toBe(0);
    });
  });
}
