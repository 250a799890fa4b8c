import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { plain } from '../output/style.js';

const LIFECYCLES = ['available', 'maintenance', 'quarantined', 'retired'] as const;

/** What the API says of a step in the life cycle. */
interface Step {
  readonly from?: string;
  readonly to?: string;
}

/** `rackwright server lifecycle`: what a person decides about a machine, apart from profiles. */
export function addServerCommands(program: Command, cli: Cli): void {
  const server = program.command('server').description('servers: their life cycle');
  server
    .command('lifecycle')
    .argument('<server>', 'name or id of the server')
    .addArgument(new Argument('<state>', 'what it is to be').choices(LIFECYCLES))
    .description('move a server in its life cycle: into or out of maintenance or quarantine, or retire it')
    .requiredOption('--reason <text>', 'why, for the record')
    .action((name: string, to: string, { reason }: { readonly reason: string }) => move(cli, { name, to, reason }));
}

async function move(
  cli: Cli,
  { name, to, reason }: { readonly name: string; readonly to: string; readonly reason: string },
): Promise<void> {
  const step = (await cli.client().setLifecycle(name, to, reason)) as Step;
  const was = step.from === undefined || step.from === to ? '' : ` (was ${plain(step.from)})`;
  cli.show(step, () => `${plain(name)} is ${plain(step.to ?? to)}${was}\n`);
  cli.hint(`rackwright describe server ${name}`);
}
