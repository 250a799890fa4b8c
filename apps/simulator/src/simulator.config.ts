import { resolve } from 'node:path';
import { z } from 'zod';

const environment = z.object({
  SIMULATOR_SITE: z.string().min(1).optional(),
  SIMULATOR_TIME_SCALE: z.coerce.number().positive().max(10_000).default(1),
  SIMULATOR_SEED: z.coerce.number().int().optional(),
  SIMULATOR_ON_VIOLATION: z.enum(['stop', 'record']).default('stop'),
  SIMULATOR_OWN_ADDRESSES: z.stringbool().optional(),
  STATE_DIR: z.string().min(1).default('.rackwright/simulator'),
  HEALTH_HOST: z.string().default('127.0.0.1'),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});

export interface SimulatorConfig {
  /** Site file; default the example site of this project. */
  readonly site: string;
  readonly scale: number;
  readonly seed?: number;
  readonly onViolation: 'stop' | 'record';
  /** One 127.x.y.z per device; default on Linux. */
  readonly ownAddresses: boolean;
  /** World, addresses, secrets, control token and estate document. */
  readonly stateDirectory: string;
  /** Where health and the control door answer. */
  readonly host: string;
  readonly port: number;
}

/** Reads the environment. Throws a ZodError that names each variable that is wrong. */
export function readSimulatorConfig(variables: NodeJS.ProcessEnv = process.env): SimulatorConfig {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const read = environment.parse(set);
  const { SIMULATOR_SEED: seed } = read;
  return {
    site: resolve(read.SIMULATOR_SITE ?? 'libs/sim/sites/default.yaml'),
    scale: read.SIMULATOR_TIME_SCALE,
    ...(seed === undefined ? {} : { seed }),
    onViolation: read.SIMULATOR_ON_VIOLATION,
    ownAddresses: read.SIMULATOR_OWN_ADDRESSES ?? process.platform === 'linux',
    stateDirectory: resolve(read.STATE_DIR),
    host: read.HEALTH_HOST,
    port: read.HEALTH_PORT,
  };
}
