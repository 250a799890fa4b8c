import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock, SystemClock } from '@rackwright/kernel';
import { shippedSite } from '../testing/small-world.js';
import { startSimulation, type Simulation, type SimulationOptions } from './start-simulation.js';

const running: Simulation[] = [];
const directories: string[] = [];

async function start(options: Partial<SimulationOptions> = {}): Promise<Simulation> {
  const simulation = await startSimulation({ site: shippedSite('small'), clock: new ManualClock(), ...options });
  running.push(simulation);
  return simulation;
}

function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rackwright-sim-'));
  directories.push(directory);
  return directory;
}

afterEach(async () => {
  for (const simulation of running.splice(0)) await simulation.stop();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

describe('a simulation', () => {
  it('starts the small site with every face in under two seconds', async () => {
    const clock = new SystemClock();
    const began = clock.monotonicMs();
    const simulation = await start();
    expect(clock.monotonicMs() - began).toBeLessThan(2_000);
    const kinds = simulation.endpoints.map((endpoint) => endpoint.kind);
    expect(kinds.filter((kind) => kind === 'bmc')).toHaveLength(6);
    expect(new Set(kinds)).toEqual(new Set(['bmc', 'switch', 'fabric', 'array']));
  });

  it('tells an operator every address, credential, certificate and cable, and no truth', async () => {
    const { estate } = await start();
    const bmc = estate.find((each) => each.kind === 'Bmc' && each.metadata.name === 'blade-4');
    expect(bmc?.spec).toMatchObject({
      credential: { username: 'root' },
      server: { spare: true, boardSerial: expect.any(String) },
    });
    const cabling = estate.find((each) => each.kind === 'Cabling' && each.metadata.name === 'leaf-1');
    expect(cabling?.spec['links']).toContainEqual({ port: 'eth1', server: 'blade-1', adapterPort: 'NIC.1-1' });
    const kinds = new Set(estate.map((each) => each.kind));
    expect(kinds).toEqual(new Set(['Network', 'Bmc', 'Switch', 'Fabric', 'Array', 'Cabling']));
    expect(JSON.stringify(estate)).not.toContain('"phase"');
  });

  it('keeps world, addresses and secrets over its own restart, without a power cut', async () => {
    const directory = aDirectory();
    const clock = new ManualClock();
    const first = await start({ directory, clock, ownAddresses: false });
    first.world.power.reset('blade-1', 'On', 'test');
    await clock.advance(10_000);
    first.world.network.configure('leaf-1', { eth1: { native: 101, protected: false } }, 'test');
    const { url, credential } = first.endpointOf('bmc', 'blade-1');
    await first.stop();
    running.length = 0;
    const later = new ManualClock();
    const second = await start({ directory, clock: later, ownAddresses: false });
    expect(second.endpointOf('bmc', 'blade-1')).toMatchObject({ url, credential });
    expect(second.world.state.servers['blade-1']?.phase).toBe('post');
    expect(second.world.timeMs).toBe(10_000);
    await later.advance(1_000);
    expect(second.world.state.switches['leaf-1']?.ports['eth1']?.applied.native).toBe(101);
  });

  it('loses nothing when it is killed instead of stopped', async () => {
    const directory = aDirectory();
    const clock = new ManualClock();
    const first = await start({ directory, clock, faces: [] });
    first.world.power.reset('blade-1', 'On', 'test');
    await clock.advance(10_000);
    const second = await start({ directory, clock: new ManualClock(), faces: [] });
    expect(second.world.state.servers['blade-1']).toEqual(first.world.state.servers['blade-1']);
    const boots = (one: Simulation): unknown =>
      Object.values(one.world.state.timers).filter((timer) => timer.kind === 'power-step');
    expect(boots(second)).toEqual(boots(first));
  });

  it('runs the same way twice from one seed', async () => {
    const run = async (): Promise<string> => {
      const clock = new ManualClock();
      const simulation = await start({ clock, faces: [], seed: 99 });
      for (const name of ['blade-1', 'rack-1']) simulation.world.power.reset(name, 'On', 'test');
      await clock.advance(300_000);
      return JSON.stringify([simulation.world.state, simulation.world.history()]);
    };
    expect(await run()).toBe(await run());
  });
});
