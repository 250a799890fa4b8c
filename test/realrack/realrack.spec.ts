import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemClock } from '@rackwright/kernel';
import { DriverController } from './driver-controller.js';
import {
  bootHistory,
  checkCut,
  checkMask,
  checkRunning,
  failed,
  historyLine,
  lastSignOfLife,
  type Check,
} from './rack-checks.js';
import type { ProfileIdentity } from './rack-controller.js';
import { startRack, VLANS, type Rack } from './rack/rack.js';
import { realRackMissing } from './rack/requirements.js';

const missing = realRackMissing();
const clock = new SystemClock();
/** What the firmware says when it cannot open the LUN: the product's script, or the machine's own set-up. */
const SANBOOT_FAILED = /^RACK(WRIGHT)?-SANBOOT-FAILED/;
const BOOTED = /^.*RACK-BOOT-OK/;

// One story on one rack: booting real servers is dear, so each chapter starts where the one before ended.
(missing === undefined ? describe : describe.skip)(
  `a real rack${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let rack: Rack;
    let controller: DriverController;
    let identity: ProfileIdentity;
    let oldScript: string | undefined;
    const figures: string[] = [];

    async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
      const startMs = clock.monotonicMs();
      const value = await work();
      figures.push(`${((clock.monotonicMs() - startMs) / 1000).toFixed(1).padStart(6)} s  ${what}`);
      return value;
    }
    const expectAll = (checks: readonly Check[]): void => {
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      figures.push(...checks.map(({ name, by }) => `      ok  ${name} (${by})`));
    };

    beforeAll(async () => {
      rack = await timed('rack built (LUN image from the cache or new)', startRack);
      controller = new DriverController(rack);
      rack.bootRelay.serve(controller.bootScripts);
      identity = await controller.identity();
    }, 400_000);

    afterAll(async () => {
      await controller?.close();
      const left = (await rack?.stop()) ?? [];
      process.stdout.write(`\nreal rack, moved by ${controller?.name}:\n${figures.join('\n')}\n`);
      expect(left).toEqual([]);
    }, 60_000);

    it('is taken over with every server port closed and the LUN masked from everybody', async () => {
      await timed('taken over', () => controller.enrol());
      expectAll([...(await checkCut(rack, rack.a)), ...(await checkCut(rack, rack.b))]);
      expect(await rack.array.show()).toEqual({ sessions: [], admitted: [] });
      expect(await rack.a.bmc.ipmitool(['fru', 'print', '0'])).toContain(rack.a.facts.boardSerial);
    });

    it('boots the profile on the first server from its LUN, with its MAC, IQN and address', async () => {
      await timed('placed on a', () => controller.place('a'));
      await timed('its system is up', () => rack.a.consoleSays(BOOTED));
      expectAll(await checkRunning(rack, rack.a, { identity, boots: 1 }));
    });

    it('keeps the LUN from another server that is on the storage network as itself', async () => {
      rack.bootRelay.overrides.set(rack.b.facts.boardSerial, undefined);
      await rack.ovs.vsctl('set', 'port', rack.b.ports[1], `tag=${VLANS.storage}`);
      await rack.b.bmc.ipmitool(['chassis', 'power', 'on']);
      await timed('b as itself: the LUN stays shut', () => rack.b.consoleSays(SANBOOT_FAILED));
      expect(rack.b.console()).toMatch(/RACK-OWN-IDENTITY[\s\S]*Could not open SAN device: No such device/);
      await rack.b.bmc.ipmitool(['chassis', 'power', 'off']);
      await rack.ovs.vsctl('set', 'port', rack.b.ports[1], `tag=${VLANS.parking}`);
      rack.bootRelay.overrides.delete(rack.b.facts.boardSerial);
      expect(await rack.array.show()).toMatchObject({ admitted: [identity.iqn] });
    });

    it('moves the profile: the same disk boots on the other server with the same MAC, IQN and address', async () => {
      const maskingBefore = controller.maskingChanges();
      oldScript = await rack.bootRelay.script(rack.a.facts.boardSerial);
      await timed('moved to b', () => controller.move('b'));
      await timed('its system is up', () => rack.b.consoleSays(BOOTED));
      expectAll(await checkCut(rack, rack.a));
      expectAll(await checkRunning(rack, rack.b, { identity, boots: 2 }));
      expect(await bootHistory(rack)).toEqual([
        historyLine(rack.a, { identity, boots: 1 }),
        historyLine(rack.b, { identity, boots: 2 }),
      ]);
      expect(rack.a.facts.uuid).not.toBe(rack.b.facts.uuid);
      expect(controller.maskingChanges()).toBe(maskingBefore);
      // The array had kept the session of the server that was switched off: without ending it nothing would have told.
      expect(controller.deadSessions).toBeGreaterThan(0);
    });

    it('lets the old server reach nothing, even when it comes back with the identity it lost', async () => {
      rack.bootRelay.overrides.set(rack.a.facts.boardSerial, oldScript);
      const startsBefore = rack.a.starts;
      const aliveBefore = await lastSignOfLife(rack);
      await rack.a.bmc.ipmitool(['chassis', 'power', 'on']);
      await timed('a back with the old identity: nothing answers it', () => rack.a.consoleSays(SANBOOT_FAILED));
      expect(rack.a.starts).toBe(startsBefore + 1);
      expect(rack.a.console()).toMatch(
        /RACK-PROFILE-SCRIPT[\s\S]*Could not open SAN device: (Connection timed out|No route|Operation)/,
      );
      expectAll(await checkRunning(rack, rack.b, { identity, boots: 2 }));
      await rack.a.bmc.ipmitool(['chassis', 'power', 'off']);
      rack.bootRelay.overrides.delete(rack.a.facts.boardSerial);
      expect(await bootHistory(rack)).toHaveLength(2);
      expect(await lastSignOfLife(rack)).toBeGreaterThan(aliveBefore + 5);
    });

    it('is seen red when the mask is left open to everybody', async () => {
      await rack.array.admitAll();
      const checks = await checkMask(rack, identity.iqn);
      expect(failed(checks)).toEqual([
        'another name does not open the LUN',
        'another name is not shown the LUN',
        'the mask holds its name only',
      ]);
      await rack.array.admitOnly(identity.iqn);
      expect(failed(await checkMask(rack, identity.iqn))).toEqual([]);
    });

    it('is seen red when the data port is in the wrong VLAN', async () => {
      await rack.ovs.vsctl('set', 'port', rack.b.ports[0], `tag=${VLANS.other}`);
      const checks = await checkRunning(rack, rack.b, { identity, boots: 2 });
      expect(failed(checks)).toEqual([
        'its MAC is on the wire',
        'answers on its own VLAN',
        'cannot be reached from another VLAN',
        'its MAC comes from its port',
      ]);
      await rack.ovs.vsctl('set', 'port', rack.b.ports[0], `tag=${VLANS.web}`);
      expect(failed(await checkRunning(rack, rack.b, { identity, boots: 2 }))).toEqual([]);
    });

    it('is seen red when the cut is undone: then the old server boots the disk', async () => {
      rack.bootRelay.overrides.set(rack.a.facts.boardSerial, oldScript);
      await rack.b.bmc.ipmitool(['chassis', 'power', 'off']);
      await rack.ovs.vsctl('set', 'port', rack.a.ports[1], `tag=${VLANS.storage}`, 'protected=false');
      await rack.a.bmc.ipmitool(['chassis', 'power', 'on']);
      // The control of the chapter before last: same script, same mask; only the closed port had kept it away.
      expect(await timed('a with an open port: boots the disk', () => rack.a.consoleSays(BOOTED))).toContain('boots=3');
      expect(failed(await checkCut(rack, rack.a))).toEqual(['power is off', 'power is off', 'a-storage is closed']);
      await rack.a.bmc.ipmitool(['chassis', 'power', 'off']);
      await rack.ovs.vsctl('set', 'port', rack.a.ports[1], `tag=${VLANS.parking}`, 'protected=true');
      rack.bootRelay.overrides.delete(rack.a.facts.boardSerial);
      expect(failed(await checkCut(rack, rack.a))).toEqual([]);
    });

    it('is empty again when the profile is taken off', async () => {
      await timed('taken off', () => controller.remove());
      expectAll(await checkCut(rack, rack.b));
      expect(await rack.array.show()).toEqual({ sessions: [], admitted: [] });
      expect(await rack.bootRelay.script(rack.b.facts.boardSerial)).toBeUndefined();
    });
  },
);
