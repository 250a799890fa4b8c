import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@rackwright/kernel';
import { Agent, request } from 'undici';
import { startSimulation, type Simulation } from '../../simulation/index.js';
import { loadSiteFile, type SiteFile } from '../../site/index.js';
import { shippedSite } from '../../testing/small-world.js';

const CREDENTIALS_HEADER = 'x-auth-token';
const MAC = '02:00:0a:00:00:01';
const WWPN = '20:00:0a:00:00:00:00:01';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Readonly<Record<string, unknown>>;
}

let simulation: Simulation;
let clock: ManualClock;
let agent: Agent;
const tokens = new Map<string, string>();

/** The small site with one Dell blade among the generic ones. */
function aMixedSite(): SiteFile {
  const site = loadSiteFile(shippedSite('small'));
  const [blades, racks] = site.servers;
  if (!blades || !racks) throw new Error('the small site lost its servers');
  const dell = { ...blades, names: 'dell-{n}', count: 1, model: 'dell-blade' };
  return { ...site, servers: [{ ...dell }, { ...blades, first: 2, count: 3, names: 'blade-{n}' }, racks] };
}

beforeEach(async () => {
  clock = new ManualClock();
  simulation = await startSimulation({ site: aMixedSite(), clock, faces: ['redfish'] });
  agent = new Agent({ connect: { ca: simulation.access.caPem } });
});

afterEach(async () => {
  tokens.clear();
  await agent.close();
  await simulation.stop();
});

type Method = 'GET' | 'PATCH' | 'POST' | 'DELETE';

async function call(server: string, method: Method, path: string, body?: unknown): Promise<Answer> {
  return send(server, { method, path, body });
}

interface Sent {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(server: string, { method, path, body, headers }: Sent): Promise<Answer> {
  const { url } = simulation.endpointOf('bmc', server);
  const token = tokens.get(server);
  const answer = await request(`${url}${path}`, {
    method,
    dispatcher: agent,
    headers: { ...(token === undefined ? {} : { [CREDENTIALS_HEADER]: token }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.body.text();
  const parsed = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
  return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body: parsed };
}

async function login(server: string): Promise<Answer> {
  const { credential } = simulation.endpointOf('bmc', server);
  const answer = await call(server, 'POST', '/redfish/v1/SessionService/Sessions', {
    UserName: credential?.username,
    Password: credential?.password,
  });
  const token = answer.headers[CREDENTIALS_HEADER];
  if (token !== undefined) tokens.set(server, token);
  return answer;
}

const SYSTEMS = {
  generic: '/redfish/v1/Systems/437XR1138R2',
  hpe: '/redfish/v1/Systems/1',
  dell: '/redfish/v1/Systems/System.Embedded.1',
};

function reset(server: string, system: string, ResetType: string): Promise<Answer> {
  return call(server, 'POST', `${system}/Actions/ComputerSystem.Reset`, { ResetType });
}

describe('sessions', () => {
  it('shows the root to anybody and the rest to nobody without a session', async () => {
    expect((await call('blade-2', 'GET', '/redfish/v1/')).status).toBe(200);
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).status).toBe(401);
    expect((await login('blade-2')).status).toBe(201);
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).status).toBe(200);
  });

  it('answers 503 when all sessions are taken, and takes one again when they expired', async () => {
    for (let count = 0; count < 8; count++) expect((await login('dell-1')).status).toBe(201);
    const full = await login('dell-1');
    expect(full.status).toBe(503);
    expect(JSON.stringify(full.body)).toContain('RAC0218');
    await clock.advance(1_800_001);
    expect((await call('dell-1', 'GET', SYSTEMS.dell)).status).toBe(401);
    expect((await login('dell-1')).status).toBe(201);
  });
});

describe('power', () => {
  it('shows transitions late, and a task whose monitor tells its end exactly once', async () => {
    await login('blade-2');
    const started = await reset('blade-2', SYSTEMS.generic, 'On');
    expect(started.status).toBe(202);
    const monitor = started.headers['location'] ?? '';
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).body['PowerState']).toBe('PoweringOn');
    expect((await call('blade-2', 'GET', monitor)).status).toBe(202);
    await clock.advance(10_000);
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).body['PowerState']).toBe('On');
    expect((await call('blade-2', 'GET', monitor)).status).toBe(204);
    expect((await call('blade-2', 'GET', monitor)).status).toBe(404);
  });

  it('answers a reset in each vendor’s way, and its repeat too', async () => {
    await login('dell-1');
    await login('rack-1');
    expect((await reset('dell-1', SYSTEMS.dell, 'On')).status).toBe(204);
    const again = await reset('dell-1', SYSTEMS.dell, 'On');
    expect([again.status, JSON.stringify(again.body).includes('PSU501')]).toEqual([409, true]);
    const off = await reset('rack-1', SYSTEMS.hpe, 'ForceOff');
    expect([off.status, JSON.stringify(off.body).includes('InvalidOperationForSystemState')]).toEqual([400, true]);
    expect((await reset('rack-1', SYSTEMS.hpe, 'On')).status).toBe(200);
    expect((await reset('rack-1', SYSTEMS.hpe, 'PowerCycle')).status).toBe(400);
  });

  it('goes dark with the mains and hangs when told to', async () => {
    await login('blade-2');
    simulation.world.power.setFeed('feed-a', false, 'fault');
    simulation.world.power.setFeed('feed-b', false, 'fault');
    await expect(call('blade-2', 'GET', '/redfish/v1/')).rejects.toThrow();
    simulation.world.power.setFeed('feed-a', true, 'fault');
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).status).toBe(401);
  });

  it('says Off while the machine is on when a lie is planted', async () => {
    await login('blade-2');
    await reset('blade-2', SYSTEMS.generic, 'On');
    await clock.advance(10_000);
    simulation.world.power.setBmcFault('blade-2', { powerLie: 'Off' });
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).body['PowerState']).toBe('Off');
    expect(simulation.world.state.servers['blade-2']?.phase).toBe('post');
  });

  it('uses up a one-time boot override at the next boot', async () => {
    await login('blade-2');
    const Boot = { BootSourceOverrideEnabled: 'Once', BootSourceOverrideTarget: 'Pxe' };
    expect((await call('blade-2', 'PATCH', SYSTEMS.generic, { Boot })).status).toBe(200);
    await reset('blade-2', SYSTEMS.generic, 'On');
    await clock.advance(120_000);
    const { body } = await call('blade-2', 'GET', SYSTEMS.generic);
    expect(body['Boot']).toMatchObject({ BootSourceOverrideEnabled: 'Disabled', BootSourceOverrideTarget: 'None' });
    expect(simulation.world.state.servers['blade-2']?.screen).toContain('network boot');
  });
});

describe('identities', () => {
  const NIC = '/redfish/v1/Chassis/1U/NetworkAdapters/NIC.1/NetworkDeviceFunctions/NIC.1-1';
  const HBA = '/redfish/v1/Chassis/1U/NetworkAdapters/FC.1/NetworkDeviceFunctions/FC.1-1';

  it('keep a written identity pending until the reset', async () => {
    await login('blade-2');
    const boot = [{ WWPN: '58:cc:f0:90:00:00:00:01', LUNID: '3', BootPriority: 0 }];
    expect((await call('blade-2', 'PATCH', `${NIC}/Settings`, { Ethernet: { MACAddress: MAC } })).status).toBe(200);
    expect(
      (await call('blade-2', 'PATCH', `${HBA}/Settings`, { FibreChannel: { WWPN, BootTargets: boot } })).status,
    ).toBe(200);
    expect((await call('blade-2', 'GET', NIC)).body['Ethernet']).not.toMatchObject({ MACAddress: MAC });
    expect((await call('blade-2', 'GET', `${NIC}/Settings`)).body['Ethernet']).toMatchObject({ MACAddress: MAC });
    await reset('blade-2', SYSTEMS.generic, 'On');
    const applied = (await call('blade-2', 'GET', NIC)).body;
    expect(applied['Ethernet']).toMatchObject({ MACAddress: MAC });
    expect(applied['@Redfish.Settings']).toMatchObject({ Messages: [{ MessageId: 'Base.1.8.Success' }] });
    expect((await call('blade-2', 'GET', HBA)).body['FibreChannel']).toMatchObject({ WWPN, BootTargets: boot });
  });

  it('read and write iSCSI boot settings, and clear them with nulls', async () => {
    await login('rack-1');
    const path = '/redfish/v1/Chassis/1/NetworkAdapters/NIC.1/NetworkDeviceFunctions/NIC.1-1';
    const iSCSIBoot = {
      InitiatorName: 'iqn.2026-01.example:one',
      InitiatorIPAddress: '10.60.0.50',
      InitiatorNetmask: '255.255.0.0',
      PrimaryTargetName: 'iqn.2015-10.com.dell:array-1',
      PrimaryTargetIPAddress: '10.60.0.10',
      PrimaryTargetTCPPort: 3260,
      PrimaryLUN: 5,
    };
    expect((await call('rack-1', 'PATCH', `${path}/Settings`, { iSCSIBoot })).status).toBe(200);
    expect((await call('rack-1', 'GET', `${path}/Settings`)).body['iSCSIBoot']).toMatchObject(iSCSIBoot);
    await reset('rack-1', SYSTEMS.hpe, 'On');
    expect((await call('rack-1', 'GET', path)).body['iSCSIBoot']).toMatchObject(iSCSIBoot);
    const cleared = { InitiatorName: null, PrimaryTargetName: null };
    await call('rack-1', 'PATCH', `${path}/Settings`, { iSCSIBoot: cleared });
    expect((await call('rack-1', 'GET', `${path}/Settings`)).body['iSCSIBoot']).toMatchObject(cleared);
  });

  it('on Dell wait for a job, which blocks a second one and completes with the reset', async () => {
    await login('dell-1');
    const active = '/redfish/v1/Chassis/System.Embedded.1/NetworkAdapters/FC.1/NetworkDeviceFunctions/FC.1-1';
    const oem = `${active}/Oem/Dell/DellNetworkAttributes/FC.1-1`;
    const patch = { Attributes: { VirtualWWPN: WWPN }, '@Redfish.SettingsApplyTime': { ApplyTime: 'OnReset' } };
    const made = await call('dell-1', 'PATCH', `${oem}/Settings`, patch);
    expect(made.status).toBe(202);
    const job = made.headers['location'] ?? '';
    expect((await call('dell-1', 'GET', job)).body['JobState']).toBe('Scheduled');
    expect((await call('dell-1', 'PATCH', `${oem}/Settings`, patch)).status).toBe(400);
    await reset('dell-1', SYSTEMS.dell, 'On');
    expect((await call('dell-1', 'GET', job)).body['JobState']).toBe('Completed');
    expect((await call('dell-1', 'GET', active)).body['FibreChannel']).toMatchObject({ WWPN });
    expect((await call('dell-1', 'GET', oem)).body['Attributes']).toMatchObject({ VirtualWWPN: WWPN });
  });

  it('on Dell name the settings object under Systems', async () => {
    await login('dell-1');
    const active = '/redfish/v1/Chassis/System.Embedded.1/NetworkAdapters/NIC.1/NetworkDeviceFunctions/NIC.1-1';
    const settings = (await call('dell-1', 'GET', active)).body['@Redfish.Settings'] as {
      SettingsObject: Record<string, string>;
    };
    const path = settings.SettingsObject['@odata.id'] ?? '';
    expect(path).toContain('/Systems/System.Embedded.1/');
    expect((await call('dell-1', 'PATCH', path, { Ethernet: { MACAddress: MAC } })).status).toBe(200);
    expect(simulation.world.state.servers['dell-1']?.ports[0]?.pending).toBeUndefined();
    const job = await call('dell-1', 'PATCH', path, { '@Redfish.SettingsApplyTime': { ApplyTime: 'OnReset' } });
    expect(job.status).toBe(202);
    expect(simulation.world.state.servers['dell-1']?.ports[0]?.pending).toMatchObject({ mac: MAC });
  });

  it('tell the neighbour of a NIC once the link is up', async () => {
    await login('blade-2');
    const path = '/redfish/v1/Chassis/1U/NetworkAdapters/NIC.1/Ports/NIC.1-1';
    expect((await call('blade-2', 'GET', path)).body['Ethernet']).not.toHaveProperty('LLDPReceive');
    await reset('blade-2', SYSTEMS.generic, 'On');
    await clock.advance(10_000);
    expect((await call('blade-2', 'GET', path)).body['Ethernet']).toMatchObject({
      LLDPReceive: { SystemName: 'leaf-1' },
    });
  });
});

describe('requests', () => {
  it('are refused with 412 when the resource changed since it was read', async () => {
    await login('blade-2');
    const { headers } = await call('blade-2', 'GET', SYSTEMS.generic);
    const etag = headers['etag'] ?? '';
    const headersSent = { 'if-match': etag };
    const body = { PowerRestorePolicy: 'AlwaysOn' };
    const patch = { method: 'PATCH', path: SYSTEMS.generic, body, headers: headersSent } as const;
    expect((await send('blade-2', patch)).status).toBe(200);
    expect((await send('blade-2', patch)).status).toBe(412);
  });

  it('can be lost after they were carried out, and the fault counts as fired', async () => {
    await login('blade-2');
    const fault = simulation.faults.plan({
      device: 'blade-2',
      verb: 'POST',
      path: 'ComputerSystem.Reset',
      effect: { kind: 'lose-response' },
    });
    await expect(reset('blade-2', SYSTEMS.generic, 'On')).rejects.toThrow();
    expect(simulation.world.state.servers['blade-2']?.phase).toBe('powering-on');
    expect(simulation.faults.firedCount(fault)).toBe(1);
  });

  it('can reach the wrong server behind a right address, which only its serial shows', async () => {
    await login('blade-2');
    const serials = simulation.world.state.servers;
    simulation.world.power.setBmcFault('blade-2', { answersAs: 'blade-3' });
    const chassis = (await call('blade-2', 'GET', '/redfish/v1/Chassis/1U')).body;
    expect(chassis['SerialNumber']).toBe(serials['blade-3']?.serials.board);
    await reset('blade-2', SYSTEMS.generic, 'On');
    expect([serials['blade-2']?.phase, serials['blade-3']?.phase]).toEqual(['off', 'powering-on']);
  });

  it('can be half applied with success told', async () => {
    await login('blade-2');
    const fault = simulation.faults.plan({ device: 'blade-2', verb: 'PATCH', effect: { kind: 'half-apply' } });
    const path = '/redfish/v1/Chassis/1U/NetworkAdapters/FC.1/NetworkDeviceFunctions/FC.1-1/Settings';
    const FibreChannel = { WWPN, WWNN: '10:00:0a:00:00:00:00:01' };
    expect((await call('blade-2', 'PATCH', path, { FibreChannel })).status).toBe(200);
    expect(simulation.world.state.servers['blade-2']?.ports[2]?.pending).toEqual({ wwpn: WWPN });
    expect(simulation.faults.firedCount(fault)).toBe(1);
  });

  it('can meet HTML, half a body, and 503 on the second call only', async () => {
    await login('blade-2');
    const { faults } = simulation;
    const html = { kind: 'status', status: 504, body: '<html>gateway</html>', contentType: 'text/html' } as const;
    faults.plan({ id: 'html', device: 'blade-2', path: '/Chassis', effect: html });
    faults.plan({ id: 'half', device: 'blade-2', path: '/Managers', effect: { kind: 'truncate' } });
    faults.plan({
      id: 'second',
      device: 'blade-2',
      path: '/Systems',
      nth: 2,
      effect: { kind: 'status', status: 503, retryAfterS: 3 },
    });
    await expect(call('blade-2', 'GET', '/redfish/v1/Chassis')).rejects.toThrow(SyntaxError);
    await expect(call('blade-2', 'GET', '/redfish/v1/Managers')).rejects.toThrow();
    expect((await call('blade-2', 'GET', SYSTEMS.generic)).status).toBe(200);
    const second = await call('blade-2', 'GET', SYSTEMS.generic);
    expect([second.status, second.headers['retry-after']]).toEqual([503, '3']);
    expect(['html', 'half', 'second'].map((id) => faults.firedCount(id))).toEqual([1, 1, 1]);
  });
});
