import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@rackwright/observability';
import { readSimulatorConfig } from './simulator.config.js';
import { CONTROL_TOKEN_FILE, ESTATE_FILE, startSimulator, type RunningSimulator } from './simulator.js';

const running: RunningSimulator[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const simulator of running.splice(0)) await simulator.stop();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

async function start(
  directory: string,
): Promise<{ simulator: RunningSimulator; lines: readonly Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const config = readSimulatorConfig({ SIMULATOR_SITE: resolve('libs/sim/sites/small.yaml'), STATE_DIR: directory });
  const simulator = await startSimulator(config, createLogger({ service: 'simulator', level: 'info', destination }));
  running.push(simulator);
  return { simulator, lines };
}

function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rackwright-simulator-'));
  directories.push(directory);
  return directory;
}

describe('the simulator process', () => {
  it('says where it listens, answers health, and leaves an estate document only its owner can read', async () => {
    const directory = aDirectory();
    const { simulator, lines } = await start(directory);
    const listening = lines.find((line) => line['event'] === 'listening');
    expect(`http://127.0.0.1:${String(listening?.['port'])}`).toBe(simulator.address);
    const endpoints = lines.find((line) => line['event'] === 'endpoints')?.['endpoints'];
    expect(endpoints).toContainEqual({ kind: 'bmc', device: 'blade-1', url: expect.stringMatching(/^https:/) });
    expect((await fetch(`${simulator.address}/readyz`, { headers: { connection: 'close' } })).status).toBe(200);
    const estate = JSON.parse(readFileSync(join(directory, ESTATE_FILE), 'utf8')) as { kind: string }[];
    expect(estate.filter((each) => each.kind === 'Bmc')).toHaveLength(6);
    expect(statSync(join(directory, ESTATE_FILE)).mode & 0o077).toBe(0);
  });

  it('comes back on the same addresses with the same token', async () => {
    const directory = aDirectory();
    const first = (await start(directory)).simulator;
    const token = readFileSync(join(directory, CONTROL_TOKEN_FILE), 'utf8');
    const before = first.simulation.endpoints.map((endpoint) => endpoint.url);
    await first.stop();
    running.length = 0;
    const second = (await start(directory)).simulator;
    expect(second.simulation.endpoints.map((endpoint) => endpoint.url)).toEqual(before);
    expect(readFileSync(join(directory, CONTROL_TOKEN_FILE), 'utf8')).toBe(token);
  });

  it('refuses a scale that is no speed', () => {
    expect(() => readSimulatorConfig({ SIMULATOR_TIME_SCALE: '0' })).toThrow('SIMULATOR_TIME_SCALE');
  });
});
