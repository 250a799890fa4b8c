import type { Plan, PlanRequest, RackwrightClient } from '@rackwright/client';
import { InvalidArgumentError, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, exitOfPlan, failure } from '../exit-code.policy.js';
import { parseDuration } from '../output/duration.js';
import { watchRun } from '../runs/watch-run.js';
import { askConsent, askSevereConsent, type ConsentOptions } from './consent.js';
import { planText } from './plan-text.js';

interface RequestOptions {
  readonly to?: string;
  readonly pool?: string;
  readonly keepAccess?: boolean;
  readonly grace?: string;
  readonly reason?: string;
}

interface ExecuteOptions extends ConsentOptions {
  /** What the change is about, as the user called it. */
  readonly name?: string;
  readonly severe?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

/** The changes that are planned first: what they take, and whether their consent is the severe one. */
const CHANGES = {
  associate: { subject: 'profile', severe: false, summary: 'put a server profile on a server' },
  migrate: { subject: 'profile', severe: false, summary: 'move a server profile to another server' },
  disassociate: { subject: 'profile', severe: true, summary: 'take a server profile off its server' },
  fence: { subject: 'server', severe: true, summary: 'cut a server off: power, network and storage' },
} as const;
type Change = keyof typeof CHANGES;

export function durationOption(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('write it like 90s, 10m or 2h.');
  return durationMs;
}

/** `rackwright plan ...`, and the verbs that plan, ask and run in one go. */
export function addChangeCommands(program: Command, cli: Cli): void {
  const plan = program.command('plan').description('show what a change would do, without doing it');
  for (const change of Object.keys(CHANGES) as Change[]) {
    withRequest(plan.command(change), change)
      .description(`plan to ${CHANGES[change].summary}`)
      .action(async (name: string, options: RequestOptions) => {
        const made = await cli.client().createPlan(requestOf(change, name, options));
        cli.show(made, () => planText(made, cli.style));
        cli.exitCode = exitOfPlan(made);
        if (made.state === 'ready') cli.hint(`rackwright run start ${made.id}`);
      });
    withExecution(withRequest(program.command(change), change))
      .description(CHANGES[change].summary)
      .action(async (name: string, options: RequestOptions & ExecuteOptions) => {
        const client = cli.client();
        const made = await client.createPlan(requestOf(change, name, options));
        await execute(cli, client, made, { ...options, name, severe: CHANGES[change].severe });
      });
  }
  plan
    .command('show <plan>')
    .description('show a plan that was made before')
    .action(async (id: string) => {
      const found = await cli.client().plan(id);
      cli.show(found, () => planText(found, cli.style));
    });
  withExecution(program.command('apply-plan <plan>'))
    .description('run a plan exactly as it was shown; the same as run start')
    .action((id: string, options: ExecuteOptions) => startPlan(cli, id, options));
}

/** Runs a plan that was made before. */
export async function startPlan(cli: Cli, id: string, options: ExecuteOptions): Promise<void> {
  const client = cli.client();
  await execute(cli, client, await client.plan(id), options);
}

export function withExecution(command: Command): Command {
  return command
    .option('-y, --yes', 'do not ask')
    .option('--confirm <name>', 'consent to a severe change: the name of what it is about')
    .option('--wait', 'show the run until it ends; the exit code says how')
    .option('--timeout <duration>', 'how long to wait (10m); the run goes on afterwards', durationOption);
}

function withRequest(command: Command, change: Change): Command {
  if (change === 'fence') {
    return command
      .argument('<server>', 'name or id of the server')
      .requiredOption('--reason <text>', 'why, for the record');
  }
  command.argument('<profile>', 'name or id of the server profile');
  if (change !== 'associate') command.option('--grace <seconds>', 'how long the system gets to shut down (60)');
  if (change === 'disassociate') return command.option('--keep-access', 'leave zones and masks in place');
  return command
    .option('--to <server>', 'the server; without it the best one that qualifies')
    .option('--pool <pool>', 'choose from this server pool');
}

function requestOf(change: Change, name: string, options: RequestOptions): PlanRequest {
  if (options.to !== undefined && options.pool !== undefined) {
    throw failure(EXIT.usage, '--to and --pool exclude each other');
  }
  return {
    kind: change,
    [CHANGES[change].subject]: name,
    ...(options.to === undefined ? {} : { server: options.to }),
    ...(options.pool === undefined ? {} : { pool: options.pool }),
    ...(change === 'disassociate' ? { removeAccess: options.keepAccess !== true } : {}),
    ...(options.grace === undefined ? {} : { graceMs: graceOf(options.grace) }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
}

function graceOf(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds > 3_600) throw failure(EXIT.usage, '--grace takes 0 to 3600 seconds');
  return seconds * 1_000;
}

async function execute(cli: Cli, client: RackwrightClient, plan: Plan, options: ExecuteOptions): Promise<void> {
  if (!cli.isForPrograms) cli.terminal.err(planText(plan, cli.errStyle));
  if (plan.state === 'executed' && plan.runId !== undefined) {
    throw failure(EXIT.conflict, 'this plan has been executed', { action: `rackwright run show ${plan.runId}` });
  }
  if (plan.state !== 'ready') throw blocked(plan);
  const change = CHANGES[String(plan.request?.['kind']) as Change] as (typeof CHANGES)[Change] | undefined;
  if (options.severe === true || change?.severe === true)
    await askSevereConsent(cli, options.name ?? subjectOf(plan), options);
  else await askConsent(cli, 'Do it?', options);
  // The plan names its run: pressing the button twice, or after a lost answer, starts it once.
  const { runId } = await client.runs.start(plan.id, { idempotencyKey: plan.id });
  if (options.wait !== true) {
    cli.show({ runId, planId: plan.id }, () => `${runId}\n`);
    return cli.hint(`rackwright run watch ${runId}`);
  }
  const run = await watchRun(cli, client, runId, options.timeout === undefined ? {} : { timeoutMs: options.timeout });
  cli.show(run, () => `${run.id}\n`);
}

function blocked(plan: Plan): Error {
  const reasons = plan.blockedBy.map(({ message }) => message).join('; ');
  return failure(exitOfPlan(plan), plan.state === 'expired' ? 'the plan is too old' : 'the plan cannot run', {
    code: plan.blockedBy[0]?.code ?? `plan-${plan.state}`,
    ...(reasons === '' ? {} : { cause: reasons }),
    ...(plan.state === 'expired' ? { action: 'make a new one' } : {}),
  });
}

/** Of a plan made earlier: the server that loses something, which is what makes it severe. */
function subjectOf(plan: Plan): string {
  return plan.source ?? plan.target ?? plan.id;
}
