import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeServerConformance, RecordingGate } from '@rackwright/driver-core/conformance';
import { parseMac, parseWwn } from '@rackwright/kernel';
import { createRedfishDriver, type RedfishDriver } from './index.js';
import {
  applySettings,
  callWithin,
  CREDENTIAL,
  furnish,
  NDF,
  sendJson,
  sendMessage,
  systemIn,
  TestBmc,
  type Got,
  type Json,
} from './testing/test-bmc.js';

const RESET = 'ComputerSystem.Reset';
const MAC = parseMac('02:00:00:00:00:42');
const WWPN = parseWwn('20:00:00:25:b5:aa:00:42');
const STANDARD_TARGETS: Readonly<Record<string, string>> = { On: 'On', ForceOff: 'Off', GracefulShutdown: 'Off' };

function driverFor(bmc: TestBmc, more: { serial?: string; system?: string } = {}): RedfishDriver {
  const trust = { kind: 'pin' as const, sha256: bmc.certificate.sha256 };
  return createRedfishDriver({ endpoint: { address: bmc.address, credential: CREDENTIAL, trust }, ...more });
}

/** A BMC whose reset action works at once. */
function obedient(bmc: TestBmc): void {
  bmc.intercept = ({ path, body }, response) => {
    if (!path.endsWith(RESET)) return false;
    systemIn(bmc)['PowerState'] = STANDARD_TARGETS[String(body['ResetType'])];
    response.writeHead(204).end();
    return true;
  };
}

const conformed = new TestBmc();
describe('on a stateful BMC', () => {
  beforeEach(async () => {
    if (conformed.certificate === undefined) await conformed.start();
  });
  const restore = async (power: 'on' | 'off'): Promise<void> => {
    if (conformed.certificate === undefined) await conformed.start();
    furnish(conformed);
    obedient(conformed);
    systemIn(conformed)['PowerState'] = power === 'on' ? 'On' : 'Off';
  };
  const shown = (port: string): Json => conformed.tree.get(NDF.replace('F1', port.endsWith('F2') ? 'F2' : 'F1')) ?? {};
  describeServerConformance('redfish', {
    ports: ['facts', 'power', 'boot', 'identity'],
    makeDriver: (options) => driverFor(conformed, options),
    hooks: () => ({
      serial: 'BOARD-1',
      restore,
      truePower: () => (systemIn(conformed)['PowerState'] === 'On' ? 'on' : 'off'),
      reset: () => applySettings(conformed),
      identity: [
        { port: 'NIC1-F1', mac: MAC },
        {
          port: 'NIC1-F2',
          wwpn: WWPN,
          bootTargets: [{ kind: 'fibre-channel', target: '50:00:00:00:00:00:00:01', lun: 3 }],
        },
      ],
      trueAddresses: (port) => {
        const ethernet = shown(port)['Ethernet'] as Json | undefined;
        const fibre = shown(port)['FibreChannel'] as Json | undefined;
        return {
          ...(ethernet && { mac: String(ethernet['MACAddress']) }),
          ...(fibre && { wwpn: String(fibre['WWPN']) }),
        };
      },
      swapMachine: () => {
        furnish(conformed, 'BOARD-2');
        return () => furnish(conformed, 'BOARD-1');
      },
    }),
  });
  it('leaves no session behind', async () => {
    expect(conformed.tokens.size).toBe(0);
    await conformed.stop();
  });
});

describe('Redfish driver', () => {
  let bmc: TestBmc;
  let driver: RedfishDriver;
  let gate: RecordingGate;
  const call = (): ReturnType<typeof callWithin> => callWithin(5_000, gate);
  /** Answers the reset action with a status, changing nothing, and counts. */
  const onReset = (answer: (got: Got, response: Parameters<typeof sendJson>[0]) => void): { fired: number } => {
    const state = { fired: 0 };
    bmc.intercept = (got, response) => {
      if (!got.path.endsWith(RESET)) return false;
      state.fired += 1;
      answer(got, response);
      return true;
    };
    return state;
  };

  beforeEach(async () => {
    gate = new RecordingGate();
    bmc = await new TestBmc().start();
    furnish(bmc);
    driver = driverFor(bmc);
  });
  afterEach(async () => {
    await driver.close();
    expect(gate.open).toBe(0);
    await bmc.stop();
  });

  describe('power', () => {
    it.each(['PoweringOff', 'PoweringOn', 'Paused', null, 'Sleeping', 0, undefined])(
      'reads %j as unknown, not as off',
      async (raw) => {
        systemIn(bmc)['PowerState'] = raw;
        expect(await driver.readPower(call())).toMatchObject({
          kind: 'done',
          observed: { value: { state: 'unknown' } },
        });
      },
    );

    it('says pending while the state lags behind an accepted action', async () => {
      const fault = onReset((_got, response) => response.writeHead(204).end());
      expect(await driver.ensurePower('off', 'force', call())).toMatchObject({
        kind: 'pending',
        handle: { kind: 'settling' },
      });
      expect(fault.fired).toBe(1);
    });

    it('hands on the task monitor of a 202', async () => {
      onReset((_got, response) => sendJson(response, 202, {}, { location: '/redfish/v1/TaskService/TaskMonitors/7' }));
      expect(await driver.ensurePower('off', 'force', call())).toMatchObject({
        kind: 'pending',
        handle: { kind: 'task', uri: '/redfish/v1/TaskService/TaskMonitors/7' },
      });
    });

    it.each<[number, string]>([
      [409, 'IDRAC.2.8.PSU501'],
      [400, 'iLO.2.14.InvalidOperationForSystemState'],
    ])('goes and reads after %i %s', async (status, messageId) => {
      const fault = onReset((_got, response) => {
        systemIn(bmc)['PowerState'] = 'Off';
        sendMessage(response, status, messageId);
      });
      expect(await driver.ensurePower('off', 'force', call())).toMatchObject({ kind: 'done', changed: false });
      expect(fault.fired).toBe(1);
      systemIn(bmc)['PowerState'] = 'On';
      onReset((_got, response) => sendMessage(response, status, messageId));
      expect(await driver.ensurePower('off', 'force', call())).toMatchObject({ kind: 'busy' });
    });

    it('never turns a graceful wish into force', async () => {
      const action = (systemIn(bmc)['Actions'] as Json)[`#${RESET}`] as Json;
      action['ResetType@Redfish.AllowableValues'] = ['On', 'ForceOff', 'PushPowerButton'];
      expect(await driver.ensurePower('off', 'graceful', call())).toMatchObject({
        code: 'redfish.reset-type-not-offered',
      });
      expect(gate.mutations).toBe(0);
    });

    it('sends nothing while the machine is on its way, but cuts a graceful stop short by force', async () => {
      systemIn(bmc)['PowerState'] = 'PoweringOff';
      obedient(bmc);
      expect((await driver.ensurePower('off', 'graceful', call())).kind).toBe('pending');
      expect(gate.mutations).toBe(0);
      expect((await driver.ensurePower('off', 'force', call())).kind).toBe('done');
    });

    it('is unknown after a 500 or a 504 page', async () => {
      onReset((_got, response) => response.writeHead(504).end('<html>gateway</html>'));
      expect(await driver.ensurePower('off', 'force', call())).toMatchObject({ kind: 'unknown' });
    });
  });

  it('asks which system is meant when several stand behind one BMC, and acts on the named one only', async () => {
    const second = '/redfish/v1/Systems/2';
    bmc.tree.set('/redfish/v1/Systems', {
      Members: [{ '@odata.id': '/redfish/v1/Systems/1' }, { '@odata.id': second }],
    });
    bmc.tree.set(second, {
      ...structuredClone(systemIn(bmc)),
      '@odata.id': second,
      SerialNumber: 'BOARD-9',
      Links: {},
    });
    expect(await driver.ensurePower('off', 'force', call())).toMatchObject({ code: 'redfish.system-not-bound' });
    const bound = driverFor(bmc, { system: second, serial: 'BOARD-9' });
    expect(await bound.readPower(call())).toMatchObject({ observed: { value: { serial: 'BOARD-9' } } });
    expect(await driverFor(bmc, { system: '/redfish/v1/Systems/3' }).readPower(call())).toMatchObject({
      code: 'redfish.no-such-system',
    });
    await bound.close();
  });

  it('follows the pages of a collection', async () => {
    bmc.tree.set('/redfish/v1/Systems', { Members: [], 'Members@odata.nextLink': '/redfish/v1/Systems?$skip=1' });
    bmc.tree.set('/redfish/v1/Systems?$skip=1', {
      Members: [{ '@odata.id': '/redfish/v1/Systems/1' }],
      'Members@odata.nextLink': '/redfish/v1/Systems',
    });
    expect(await driver.listSystems(call())).toMatchObject({ observed: { value: ['/redfish/v1/Systems/1'] } });
  });

  describe('conditional changes', () => {
    const accept = (wanted: string | undefined): { tried: (string | undefined)[] } => {
      const state = { tried: [] as (string | undefined)[] };
      bmc.intercept = (got, response) => {
        if (got.method !== 'PATCH') return false;
        state.tried.push(got.headers['if-match']);
        if (got.headers['if-match'] === wanted) return false;
        sendMessage(response, 412, 'Base.1.0.PreconditionFailed');
        return true;
      };
      return state;
    };

    it.each(['"7"', undefined])(
      'works around a refused weak ETag (takes %j) while nobody else touched the fields',
      async (takes) => {
        systemIn(bmc)['@odata.etag'] = 'W/"7"';
        const state = accept(takes);
        expect(await driver.ensurePowerRestore('always-off', call())).toMatchObject({ kind: 'done', changed: true });
        expect(state.tried).toEqual(takes === undefined ? ['W/"7"', '"7"', undefined] : ['W/"7"', '"7"']);
      },
    );

    it('says conflict when somebody else changed the field meanwhile', async () => {
      systemIn(bmc)['@odata.etag'] = '"1"';
      bmc.intercept = (got, response) => {
        if (got.method !== 'PATCH') return false;
        Object.assign(systemIn(bmc), { '@odata.etag': '"2"', PowerRestorePolicy: 'AlwaysOn' });
        sendMessage(response, 412, 'Base.1.0.PreconditionFailed');
        return true;
      };
      expect(await driver.ensurePowerRestore('always-off', call())).toMatchObject({ kind: 'conflict' });
      expect(systemIn(bmc)['PowerRestorePolicy']).toBe('AlwaysOn');
    });

    it('does not send an empty ETag', async () => {
      systemIn(bmc)['@odata.etag'] = '';
      const state = accept(undefined);
      expect((await driver.ensurePowerRestore('always-off', call())).kind).toBe('done');
      expect(state.tried).toEqual([undefined]);
    });
  });

  describe('boot', () => {
    it('writes the settings object where that holds the boot keys', async () => {
      const pending = '/redfish/v1/Systems/1/Pending';
      systemIn(bmc)['@Redfish.Settings'] = { SettingsObject: { '@odata.id': pending } };
      bmc.tree.set(pending, { Boot: { BootSourceOverrideTarget: 'None', BootSourceOverrideEnabled: 'Disabled' } });
      expect((await driver.ensureBoot('network', call())).kind).toBe('done');
      expect(bmc.sends('PATCH').map(({ path }) => path)).toEqual([pending]);
    });

    it('takes once where persistent is refused', async () => {
      bmc.intercept = (got, response) => {
        const boot = got.body['Boot'] as Json | undefined;
        if (boot?.['BootSourceOverrideEnabled'] !== 'Continuous') return false;
        sendMessage(response, 400, 'Base.1.0.PropertyValueNotInList');
        return true;
      };
      const result = await driver.ensureBoot('network', call());
      expect(result).toMatchObject({ kind: 'done', observed: { value: { source: 'network', once: true } } });
    });

    it('boots from the LUN itself where the firmware lists it', async () => {
      const path = 'PciRoot(0x0)/Pci(0x3,0x0)/Fibre(0x5000000000000001,0x0003000000000000)';
      const options = '/redfish/v1/Systems/1/BootOptions';
      (systemIn(bmc)['Boot'] as Json)['BootOptions'] = { '@odata.id': options };
      bmc.tree.set(options, { Members: [{ '@odata.id': `${options}/1` }] });
      bmc.tree.set(`${options}/1`, { BootOptionReference: 'Boot0001', UefiDevicePath: path });
      expect((await driver.ensureBoot('san', call())).kind).toBe('done');
      expect(systemIn(bmc)['Boot']).toMatchObject({
        BootSourceOverrideTarget: 'UefiTarget',
        UefiTargetBootSourceOverride: path,
      });
      expect(await driver.readBoot(call())).toMatchObject({ observed: { value: { source: 'san' } } });
    });

    it('is busy during POST', async () => {
      bmc.intercept = (got, response) => {
        if (got.method !== 'PATCH') return false;
        sendMessage(response, 400, 'iLO.2.14.UnableToModifyDuringSystemPOST');
        return true;
      };
      expect(await driver.ensureBoot('network', call())).toMatchObject({ kind: 'busy' });
    });
  });

  describe('adapter identity', () => {
    const want = { ports: [{ port: 'NIC1-F1', mac: MAC }] };

    it('refuses an adapter that accepts an address and goes on showing its own', async () => {
      bmc.intercept = (got, response) => {
        if (got.method !== 'PATCH') return false;
        sendJson(response, 200, {});
        return true;
      };
      expect(await driver.ensureIdentity(want, call())).toMatchObject({
        kind: 'refused',
        code: 'redfish.identity-not-taken',
      });
    });

    it('says unknown with what it saw when only one of two ports took its identity', async () => {
      bmc.intercept = (got, response) => {
        if (got.method !== 'PATCH' || got.path.includes('/F1/')) return false;
        sendMessage(response, 400, 'Base.1.0.PropertyNotWritable');
        return true;
      };
      const both = { ports: [...want.ports, { port: 'NIC1-F2', wwpn: WWPN }] };
      const result = await driver.ensureIdentity(both, call());
      expect(result).toMatchObject({ kind: 'unknown', why: 'not-settled' });
      expect(result.kind === 'unknown' && result.lastKnown).toBeDefined();
    });

    it('does not write again what waits already', async () => {
      expect((await driver.ensureIdentity(want, call())).kind).toBe('pending');
      const before = gate.mutations;
      expect((await driver.ensureIdentity(want, call())).kind).toBe('pending');
      expect(gate.mutations).toBe(before);
    });

    it('takes a waiting identity back before it was applied', async () => {
      await driver.ensureIdentity(want, call());
      await driver.ensureIdentity({ ports: [] }, call());
      applySettings(bmc);
      const reading = await driver.readIdentity(call());
      expect(reading).toMatchObject({
        kind: 'done',
        observed: { value: { ports: [{ clean: true }, { clean: true }] } },
      });
    });

    it('refuses a UUID the device does not let be written', async () => {
      bmc.intercept = (got, response) => {
        if (got.body['UUID'] === undefined) return false;
        sendMessage(response, 400, 'Base.1.0.PropertyNotWritable');
        return true;
      };
      const uuid = '99999999-2222-3333-4444-555555555555' as never;
      expect(await driver.ensureIdentity({ uuid, ports: [] }, call())).toMatchObject({
        code: 'redfish.uuid-not-assignable',
      });
    });
  });
});
