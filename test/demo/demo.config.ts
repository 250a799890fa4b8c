import { AppError } from '@rackwright/kernel';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { callerFolder } from '../e2e/instance/instance.config.js';

export interface DemoOptions {
  /** Undefined: a temporary one. */
  readonly dataFolder: string | undefined;
  readonly keep: boolean;
  readonly scale: number;
}

export const USAGE = `Usage: npm run demo -- [options]

Plays a day in a simulated data centre through the public API of a Rackwright of its own, and checks the hardware.

Options:
  --data-dir DIR   where everything is kept; must be new or empty   (default: a temporary folder)
  --keep           leave the data folder, with all logs
  --scale FACTOR   how much faster simulated time goes              (default: 20)
  --help           print this
`;

const SCALE = 20;

/** Undefined when only help was asked for. @throws AppError `demo.usage` */
export function readDemoOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const scale = Number(values.scale ?? SCALE);
  if (!Number.isFinite(scale) || scale <= 0 || scale > 200) {
    throw new AppError('demo.usage', `--scale ${values.scale} is not a number from 1 to 200\n\n${USAGE}`);
  }
  const folder = values['data-dir'];
  return { dataFolder: folder === undefined ? undefined : resolve(callerFolder(), folder), keep: values.keep, scale };
}

function parse(args: readonly string[]) {
  const options = {
    'data-dir': { type: 'string' },
    keep: { type: 'boolean', default: false },
    scale: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new AppError('demo.usage', `${(error as Error).message}\n\n${USAGE}`);
  }
}
