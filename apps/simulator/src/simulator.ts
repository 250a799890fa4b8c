import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemRandom } from '@rackwright/kernel';
import type { Logger } from '@rackwright/observability';
import { ControlFace, startSimulation, type Simulation } from '@rackwright/sim';
import type { SimulatorConfig } from './simulator.config.js';

/** A simulated site that runs in this process. */
export interface RunningSimulator {
  readonly simulation: Simulation;
  /** Health and control: `http://127.0.0.1:8080`. */
  readonly address: string;
  stop(): Promise<void>;
}

export const CONTROL_TOKEN_FILE = 'control-token';
export const ESTATE_FILE = 'estate.json';

/**
 * Starts world, faces and control door, writes the estate document and the control token into the state folder, and says
 * where everything is: one line `listening` with the port for the launcher, one line `endpoints`.
 */
export async function startSimulator(config: SimulatorConfig, log: Logger): Promise<RunningSimulator> {
  mkdirSync(config.stateDirectory, { recursive: true, mode: 0o700 });
  const { site, scale, seed, onViolation, ownAddresses, stateDirectory: directory } = config;
  const simulation = await startSimulation({
    ...{ site, scale, onViolation, ownAddresses, directory },
    ...(seed === undefined ? {} : { seed }),
  });
  const control = new ControlFace(simulation, { token: controlToken(directory), host: config.host, port: config.port });
  const address = await control.start();
  writeSecret(join(directory, ESTATE_FILE), JSON.stringify(simulation.estate, null, 2));
  reportViolations(simulation, log);
  const endpoints = simulation.endpoints.map(({ kind, device, url }) => ({ kind, device, url }));
  log.info(
    { event: 'endpoints', site: simulation.site.name, endpoints, estate: join(directory, ESTATE_FILE) },
    'simulated devices are listening',
  );
  log.info(
    { event: 'listening', port: Number(new URL(address).port), host: config.host },
    'health and control are listening',
  );
  return {
    simulation,
    address,
    stop: async () => {
      await control.stop();
      await simulation.stop();
    },
  };
}

function reportViolations(simulation: Simulation, log: Logger): void {
  let told = 0;
  simulation.world.observe(() => {
    for (const report of simulation.checkers.reports.slice(told)) {
      told++;
      const { violation, event, seed } = report;
      log.error({ event: 'violation', ...violation, at: event, seed }, 'an invariant of the hardware was broken');
    }
  });
}

/** Made at the first start; whoever may read the state folder may break the simulated hardware. */
function controlToken(directory: string): string {
  const file = join(directory, CONTROL_TOKEN_FILE);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = Buffer.from(new SystemRandom().bytes(24)).toString('base64url');
  writeSecret(file, token);
  return token;
}

function writeSecret(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
