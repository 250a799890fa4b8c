import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callThrough, RecordingGate, untilDone } from '@rackwright/driver-core/conformance';
import { createIpmiDriver, type IpmiDriver, type IpmiDriverOptions } from './ipmi-driver.js';
import { PASSWORD, RealIpmi, realIpmiMissing } from './testing/real-ipmi.js';

const missing = realIpmiMissing();
const gate = new RecordingGate();
const call = (withinMs = 10_000): ReturnType<typeof callThrough> => callThrough(gate, withinMs);

if (missing !== undefined) {
  // Not every machine has OpenIPMI's simulator; the title says what is missing here.
  it.skip(`OpenIPMI's simulator: ${missing}`, () => undefined);
} else {
  describe("on OpenIPMI's simulator", () => {
    let bmc: RealIpmi;
    const driver = (options: IpmiDriverOptions & { password?: string } = {}): IpmiDriver => {
      const { password = PASSWORD, ...rest } = options;
      const endpoint = { address: `127.0.0.1:${bmc.port}`, credential: { username: 'admin', password } };
      return createIpmiDriver(endpoint, { cipherSuite: 3, ...rest });
    };

    beforeAll(async () => {
      bmc = await RealIpmi.start();
      await untilDone(async () => {
        const read = await driver().readPower(call());
        return read.kind === 'done' ? { ...read, changed: false } : { kind: 'pending', handle: { kind: 'settling' } };
      });
    }, 30_000);
    afterAll(async () => {
      await bmc.stop();
      expect(gate.open).toBe(0);
    });
    beforeEach(() => bmc.ignoreCommands(false));

    it('switches on and off, and is done only when the machine is', async () => {
      const on = await untilDone(() => driver().ensurePower('on', 'force', call()));
      expect(on.observed.value).toEqual({ state: 'on', raw: 'Chassis Power is on', serial: 'BRD-0001' });
      expect(bmc.power).toBe('1');
      const off = await untilDone(() => driver().ensurePower('off', 'force', call()));
      expect(off.observed.value.state).toBe('off');
      expect(bmc.power).toBe('0');
    }, 20_000);

    it('sends nothing to a machine that is as wanted', async () => {
      await untilDone(() => driver().ensurePower('off', 'force', call()));
      const before = gate.mutations;
      expect(await driver().ensurePower('off', 'force', call())).toMatchObject({ kind: 'done', changed: false });
      expect(gate.mutations).toBe(before);
    });

    it('is pending while the machine does not do what the BMC accepted', async () => {
      await untilDone(() => driver().ensurePower('off', 'force', call()));
      bmc.ignoreCommands(true);
      const result = await driver().ensurePower('on', 'force', call());
      expect(result).toMatchObject({ kind: 'pending', observed: { value: { state: 'off' } } });
    });

    it('reads what the FRU and the controller tell', async () => {
      expect(await driver().readFacts(call())).toMatchObject({
        kind: 'done',
        observed: {
          value: {
            vendor: 'Example',
            model: 'Server One',
            serial: 'SRV-0001',
            boardSerial: 'BRD-0001',
            assetTag: 'ASSET-7',
            ports: [],
          },
        },
      });
      expect(await driver().identify(call())).toMatchObject({ observed: { value: { serial: 'BRD-0001' } } });
    });

    it('sets the boot device, also where the valid bit never comes back', async () => {
      await untilDone(() => driver().ensureBoot('disk', call()));
      const san = await untilDone(() => driver().ensureBoot('san', call()));
      expect(san.observed.value.source).toBe('san');
      expect(await driver().readBoot(call())).toMatchObject({ observed: { value: { source: 'network' } } });
      expect((await untilDone(() => driver().ensureBoot('network', call()))).changed).toBe(false);
    }, 20_000);

    it('does not call a power restore policy set that the BMC refuses', async () => {
      const same = await driver().ensurePowerRestore('always-off', call());
      expect(same).toMatchObject({ kind: 'done', changed: false });
      expect(await driver().ensurePowerRestore('always-on', call())).toMatchObject({
        kind: 'refused',
        code: 'ipmi.unsupported',
      });
    });

    it('does not know anything after a wrong password, a dead BMC, or a time-out', async () => {
      expect((await driver({ password: 'wrong' }).readPower(call())).kind).not.toBe('done');
      const dead = createIpmiDriver(
        { address: '127.0.0.1:9', credential: { username: 'a', password: 'b' } },
        { cipherSuite: 3 },
      );
      expect(await dead.readPower(call(300))).toMatchObject({ kind: 'unknown', why: 'timeout' });
    });

    it('never puts the password into the arguments', async () => {
      const shown = driver({ command: ['sh', '-c', 'echo "$0 $*"; exit 1', 'args'] });
      const read = await shown.readPower(call());
      expect(read.kind).toBe('unknown');
      expect(JSON.stringify(read)).toContain('-U admin -E');
      expect(JSON.stringify(read)).not.toContain(PASSWORD);
      expect(gate.sends.every((send) => !JSON.stringify(send).includes(PASSWORD))).toBe(true);
    });

    it('does not send when the gate refuses', async () => {
      await untilDone(() => driver().ensurePower('off', 'force', call()));
      gate.refuseMutations = true;
      try {
        await expect(driver().ensurePower('on', 'force', call())).rejects.toThrow('device.stale-epoch');
      } finally {
        gate.refuseMutations = false;
      }
      expect(bmc.power).toBe('0');
    });
  });
}
