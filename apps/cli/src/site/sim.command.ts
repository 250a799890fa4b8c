import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';

/** For the help only: {@link runSim} takes the command line before it is parsed, because its options are its own. */
export function addSimCommand(program: Command, _cli: Cli): void {
  program
    .command('sim [arguments...]')
    .description('programs of the simulator: sim serve-capture FOLDER')
    .allowUnknownOption()
    .action(runSim);
}

/**
 * `rackwright sim ...` is a program of the simulator: the command line itself knows the public API only. Built, it lies
 * beside this one.
 */
export async function runSim(args: readonly string[]): Promise<void> {
  const url = new URL('./sim.mjs', import.meta.url);
  if (!existsSync(fileURLToPath(url))) {
    throw failure(EXIT.failed, 'the simulator is not built', { action: 'npm run build' });
  }
  process.argv.splice(2, process.argv.length, ...args);
  await import(url.href);
}
