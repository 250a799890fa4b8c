import type { DocumentResult, RackwrightClient, Run } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';
import { plain } from '../output/style.js';
import { durationOption } from '../plans/change.command.js';
import { askConsent, askSevereConsent, type ConsentOptions } from '../plans/consent.js';
import { documentKind, kindOf } from '../resources/kinds.js';
import { watchRun, type WatchOptions } from '../runs/watch-run.js';
import { diffText, problemsText, tally } from './diff-text.js';
import { parseSources, readSources, type ReadDocuments } from './read-files.js';

interface ApplyOptions extends ConsentOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
}

interface DeleteOptions extends ConsentOptions {
  readonly wait?: boolean;
  readonly timeout?: number;
}

/** `rackwright apply`, `export` and `delete`. */
export function addApplyCommands(program: Command, cli: Cli): void {
  program
    .command('apply')
    .description(
      'apply documents: checks all before anything is changed, shows what changes, asks; a refusal on the way stops the rest',
    )
    .requiredOption('-f, --filename <path...>', 'file, folder, or - for standard input')
    .option('--dry-run', 'show what would change and stop')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'do not wait until new profiles are usable')
    .option('--timeout <duration>', 'how long to wait for them (10m)', durationOption)
    .action((options: ApplyOptions) => apply(cli, options));
  program
    .command('export [kind]')
    .description('print what is defined as YAML documents; passwords are never part of it')
    .action(async (kind?: string) => cli.terminal.out(await cli.client().exportDocuments(documentKind(kind))));
  program
    .command('delete <kind> <name>')
    .description('delete a server profile that is on no server')
    .option('--confirm <name>', 'consent: the name of the profile')
    .option('--wait', 'show the run until it ends')
    .option('--timeout <duration>', 'how long to wait (10m)', durationOption)
    .action((kind: string, name: string, options: DeleteOptions) => remove(cli, { kind, name, options }));
}

async function apply(cli: Cli, options: ApplyOptions): Promise<void> {
  const read = parseSources(await readSources(options.filename, () => cli.terminal.readInput()));
  if (!('documents' in read)) {
    cli.terminal.err(problemsText(read));
    throw failure(
      EXIT.usage,
      `${read.length} ${read.length === 1 ? 'thing is' : 'things are'} wrong; nothing was sent`,
    );
  }
  const client = cli.client();
  const changes = placed(await client.planDocuments(read.documents), read);
  const isWrong = changes.some(({ action }) => action === 'error');
  const text = (): string => diffText(changes, options.dryRun === true ? cli.style : cli.errStyle);
  if (options.dryRun === true) cli.show({ changes }, text);
  else if (!cli.isForPrograms || isWrong) cli.terminal.err(text());
  if (isWrong) throw failure(EXIT.usage, 'the documents cannot be applied; nothing was changed');
  if (options.dryRun === true) return;
  if (changes.every(({ action }) => action === 'unchanged'))
    return cli.show({ results: changes }, () => 'nothing to change\n');
  await askConsent(cli, 'Apply?', options);
  const results = await client.applyDocuments(read.documents);
  if (options.wait) await waitForAll(cli, client, results, options);
  cli.show({ results }, () => resultText(cli, results));
}

/** Says where in the files a problem is that the server found. */
function placed<T extends { kind: string; name: string; problems?: DocumentResult['problems'] }>(
  changes: readonly T[],
  read: ReadDocuments,
): T[] {
  return changes.map((change) => ({
    ...change,
    ...(change.problems === undefined
      ? {}
      : {
          problems: change.problems.map((problem) => {
            const place = read.place(change.kind, change.name, problem.path ?? '');
            const { line: _line, column: _column, ...rest } = problem;
            return place === undefined ? problem : { ...rest, path: place };
          }),
        }),
  }));
}

/** A profile is usable when its run is done; the worst end is the exit code. */
async function waitForAll(
  cli: Cli,
  client: RackwrightClient,
  results: readonly DocumentResult[],
  options: ApplyOptions,
): Promise<void> {
  const waiting: WatchOptions = options.timeout === undefined ? {} : { timeoutMs: options.timeout };
  let worst: number = EXIT.done;
  for (const { runId, name } of results) {
    if (runId === undefined) continue;
    const run: Run = await watchRun(cli, client, runId, waiting);
    if (run.state !== 'done') cli.say(`${plain(name)} is not usable`);
    worst = Math.max(worst, cli.exitCode);
  }
  cli.exitCode = worst;
}

function resultText(cli: Cli, results: readonly DocumentResult[]): string {
  if (cli.options.output === 'name') return results.map(({ kind, name }) => `${plain(kind)}/${plain(name)}\n`).join('');
  const applied = results
    .filter(({ action }) => action !== 'unchanged')
    .map(({ kind, name, action }) => `${plain(kind)} ${plain(name)} ${action === 'create' ? 'created' : 'changed'}\n`);
  return `${applied.join('')}Applied: ${tally(results)
    .replace(/to create/, 'created')
    .replace(/to change/, 'changed')}.\n`;
}

async function remove(
  cli: Cli,
  { kind, name, options }: { readonly kind: string; readonly name: string; readonly options: DeleteOptions },
): Promise<void> {
  const { name: meant } = kindOf(kind);
  if (meant !== 'profile') {
    throw failure(EXIT.refused, `a ${meant} cannot be deleted through the API`, {
      cause: 'other objects may refer to it, and hardware does not go away by a command',
      ...(meant === 'server' ? { action: `rackwright get server ${name}; retire it instead` } : {}),
    });
  }
  await askSevereConsent(cli, name, options);
  const client = cli.client();
  const { runId } = await client.deleteProfile(name);
  if (options.wait !== true) {
    cli.show({ runId }, () => `${runId}\n`);
    return cli.hint(`rackwright run watch ${runId}`);
  }
  const run = await watchRun(cli, client, runId, options.timeout === undefined ? {} : { timeoutMs: options.timeout });
  cli.show(run, () => `${run.id}\n`);
}
