import { afterAll, beforeAll, describe } from '@jest/globals';
import { describeServerConformance, type ServerConformanceHooks } from '@rackwright/driver-core/conformance';
import { createRedfishDriver } from '@rackwright/driver-redfish';
import { parseIqn, parseMac, parseWwn, SystemClock } from '@rackwright/kernel';
import { loadSiteFile, startSimulation, type ServerState, type Simulation, type SiteFile } from '@rackwright/sim';
import { fileURLToPath } from 'node:url';

/** Minutes of the machines pass in fractions of a second. */
const TIME_SCALE = 400;
const ACTOR = 'conformance';

const ISCSI = {
  iscsi: { initiator: parseIqn('iqn.2026-01.net.example:web'), address: '10.60.0.50/24', gateway: '10.60.0.1' },
  bootTargets: [{ kind: 'iscsi' as const, target: 'iqn.2026-01.net.example:disk', portal: '10.60.0.9:3260', lun: 1 }],
};

/** The small site with one Dell blade among the generic ones. */
function mixedSite(): SiteFile {
  const site = loadSiteFile(fileURLToPath(new URL('../../../libs/sim/sites/small.yaml', import.meta.url)));
  const [blades, racks] = site.servers;
  if (!blades || !racks) throw new Error('the small site lost its servers');
  const dell = { ...blades, names: 'dell-{n}', count: 1, model: 'dell-blade' };
  return { ...site, servers: [dell, { ...blades, first: 2, count: 3, names: 'blade-{n}' }, racks] };
}

const wall = new SystemClock();

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (holds()) return;
    await wall.sleep(10);
  }
  throw new Error(`never ${what}`);
}

async function bringTo({ world }: Simulation, server: ServerState, power: 'on' | 'off'): Promise<void> {
  const word = power === 'on' ? 'On' : 'Off';
  await until(() => {
    const isThere = (server.phase === 'off') === (power === 'off') && world.power.reported(server) === word;
    if (!isThere) world.power.reset(server.name, power === 'on' ? 'On' : 'ForceOff', ACTOR);
    return isThere;
  }, `${power}`);
}

function hooksOf(simulation: Simulation, name: string): ServerConformanceHooks {
  const { world } = simulation;
  const server = world.power.server(name);
  const named = (port: ServerState['ports'][number]): string =>
    port.name.startsWith(port.adapter) || /^[A-Z]+\.[A-Z]/i.test(port.name)
      ? port.name
      : `${port.adapter}-${port.name}`;
  return {
    serial: server.serials.board,
    truePower: () => (server.phase === 'off' ? 'off' : 'on'),
    restore: async (power) => {
      await bringTo(simulation, server, 'off');
      for (const port of server.ports) {
        world.identity.unstage(server, port.name, ACTOR);
        world.identity.program(server, port.name, { ...port.permanent, iscsi: null, bootTargets: [] }, ACTOR);
      }
      world.identity.setBoot(server, { overrideEnabled: 'Disabled', overrideTarget: 'None' }, ACTOR);
      server.extra = {};
      if (power === 'on') await bringTo(simulation, server, 'on');
    },
    reset: async () => {
      await bringTo(simulation, server, 'off');
      await bringTo(simulation, server, 'on');
      await until(() => server.ports.every((port) => port.pending === undefined), 'applied');
    },
    identity: server.ports.map((port, index) =>
      port.kind === 'ethernet'
        ? {
            port: named(port),
            mac: parseMac(`02:00:0a:00:00:0${index}`),
            ...(index === 0 && name !== 'dell-1' && ISCSI),
          }
        : {
            port: named(port),
            wwpn: parseWwn(`20:00:0a:00:00:00:00:0${index}`),
            bootTargets: [{ kind: 'fibre-channel', target: '50:00:00:00:00:00:00:01', lun: 1 }],
          },
    ),
    trueAddresses: (wanted) => {
      const { current } = server.ports.find((port) => named(port) === wanted) ?? {};
      return { ...(current?.mac && { mac: current.mac }), ...(current?.wwpn && { wwpn: current.wwpn }) };
    },
  };
}

describe('the simulated data centre', () => {
  let simulation: Simulation;
  beforeAll(async () => {
    simulation = await startSimulation({ site: mixedSite(), clock: new SystemClock(TIME_SCALE), faces: ['redfish'] });
  });
  afterAll(async () => {
    await simulation.stop();
  });

  for (const name of ['dell-1', 'blade-2', 'rack-1']) {
    describeServerConformance(`redfish on ${name}`, {
      ports: ['facts', 'power', 'boot', 'identity'],
      hooks: () => hooksOf(simulation, name),
      makeDriver: ({ serial }) => {
        const { url, credential } = simulation.endpointOf('bmc', name);
        const trust = { kind: 'ca' as const, caPem: simulation.access.caPem };
        const endpoint = { address: url, trust, ...(credential && { credential }) };
        return createRedfishDriver({ endpoint, ...(serial !== undefined && { serial }) });
      },
    });
  }
});
