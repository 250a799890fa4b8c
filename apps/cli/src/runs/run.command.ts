import type { RackwrightClient, Run, RunFilter } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { durationOption, startPlan, withExecution } from '../plans/change.command.js';
import { askConsent, askSevereConsent, type ConsentOptions } from '../plans/consent.js';
import { collect } from '../resources/collect.js';
import { runColumns } from './run-columns.js';
import { runText } from './run-text.js';
import { watchRun } from './watch-run.js';

interface ListOptions {
  readonly state?: string;
  readonly profile?: string;
  readonly server?: string;
  readonly open?: boolean;
  readonly limit: number;
}

interface VerbOptions extends ConsentOptions {
  readonly reason: string;
}

/** `rackwright run ...`: what goes on, and the verbs for what is stuck. */
export function addRunCommands(program: Command, cli: Cli): void {
  const run = program.command('run').description('runs: list, watch, and help those that are stuck');
  addLooks(run, cli);
  withExecution(run.command('start <plan>'))
    .description('run a plan exactly as it was shown')
    .action((plan: string, options) => startPlan(cli, plan, options));
  verb(run, 'retry', 'let a stuck run try its step again').action((id: string, { reason }: VerbOptions) =>
    act(cli, id, (client) => client.runs.retry(id, reason)),
  );
  verb(run, 'cancel', 'ask a run to go back; possible until its point of no return')
    .option('-y, --yes', 'do not ask')
    .action(async (id: string, options: VerbOptions) => {
      await askConsent(cli, `Let ${id} go back?`, options);
      await act(cli, id, (client) => client.runs.cancel(id, options.reason));
    });
  verb(run, 'abandon', 'give up a stuck run; its locks go only when no former holder can do harm')
    .option('--confirm <run>', 'consent: the id of the run')
    .action(async (id: string, options: VerbOptions) => {
      await askSevereConsent(cli, id, options);
      await act(cli, id, (client) => client.runs.abandon(id, options.reason));
    });
  verb(run, 'mark-done', 'vouch that the step of a stuck run is done')
    .requiredOption('--step <step>', 'the step it is stuck at')
    .option('--confirm <run>', 'consent: the id of the run')
    .action(async (id: string, options: VerbOptions & { readonly step: string }) => {
      await askSevereConsent(cli, id, options);
      await act(cli, id, (client) => client.runs.markDone(id, options.step, options.reason));
    });
}

function addLooks(run: Command, cli: Cli): void {
  run
    .command('list')
    .alias('ls')
    .description('runs, newest first')
    .option('--state <state>', 'running, retrying, waiting-for-device, going-back, done, undone, stuck')
    .option('--profile <profile>', 'of this server profile')
    .option('--server <server>', 'that touch this server')
    .option('--open', 'not ended yet')
    .option('--limit <count>', 'at most so many', Number, 50)
    .action(async ({ limit, ...filter }: ListOptions) => {
      const query: RunFilter = { ...filter, limit: Math.min(limit, 500) };
      const items = await collect(cli.client().runs.list(query), limit);
      const isNames = cli.options.output === 'name';
      cli.show({ items }, () =>
        isNames ? items.map(({ id }) => `${id}\n`).join('') : cli.table(runColumns(cli.clock.now()), items),
      );
    });
  run
    .command('show <run>')
    .description('one run with its steps')
    .action(async (id: string) => showRun(cli, await cli.client().runs.get(id)));
  run
    .command('watch <run>')
    .description('follow a run until it ends; the exit code says how')
    .option('--timeout <duration>', 'how long to wait (10m)', durationOption)
    .action(async (id: string, { timeout }: { readonly timeout?: number }) => {
      const ended = await watchRun(cli, cli.client(), id, timeout === undefined ? {} : { timeoutMs: timeout });
      if (cli.isForPrograms) cli.show(ended, () => '');
    });
}

function verb(run: Command, name: string, description: string): Command {
  return run.command(`${name} <run>`).description(description).requiredOption('--reason <text>', 'why, for the record');
}

async function act(cli: Cli, id: string, call: (client: RackwrightClient) => Promise<void>): Promise<void> {
  const client = cli.client();
  await call(client);
  showRun(cli, await client.runs.get(id));
  cli.hint(`rackwright run watch ${id}`);
}

function showRun(cli: Cli, run: Run): void {
  cli.show(run, () => runText(run, cli.clock.now(), cli.style));
}
