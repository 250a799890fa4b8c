import type { Token, TokenRequest } from '@rackwright/client';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';
import { ageText, parseDuration } from '../output/duration.js';
import { plain } from '../output/style.js';
import type { Column } from '../output/table.js';
import { askConsent, type ConsentOptions } from '../plans/consent.js';
import { collect } from '../resources/collect.js';

const ROLES = ['viewer', 'operator', 'approver', 'administrator'] as const;

interface CreateOptions {
  readonly role: TokenRequest['role'];
  /** Until when, or for how long from now. */
  readonly expires?: Date | number;
}

/** `rackwright token ...`: how programs sign in. Administrators only. */
export function addTokenCommands(program: Command, cli: Cli): void {
  const token = program.command('token').description('tokens for programs; administrators only');
  token
    .command('create <name>')
    .description('make a token and print it; it is shown only now')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option(
      '--expires <when>',
      'for how long (12h, 90d) or until when (2026-12-31T00:00:00Z); default: never',
      whenOption,
    )
    .action((name: string, options: CreateOptions) => create(cli, name, options));
  token
    .command('list')
    .alias('ls')
    .description('the tokens there are, without their secrets')
    .action(() => list(cli));
  token
    .command('revoke <name>')
    .description('end a token at once, by its name or id')
    .option('-y, --yes', 'do not ask')
    .action((name: string, options: ConsentOptions) => revoke(cli, name, options));
}

function whenOption(text: string): Date | number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  const until = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}T/.test(text) && !Number.isNaN(until.getTime())) return until;
  throw new InvalidArgumentError('write it like 12h, 90d or 2026-12-31T00:00:00Z.');
}

async function create(cli: Cli, name: string, { role, expires }: CreateOptions): Promise<void> {
  const until = typeof expires === 'number' ? new Date(cli.clock.now().getTime() + expires) : expires;
  const request = { name, role, ...(until && { expiresAt: until.toISOString() }) };
  const made = await cli.client().createToken(request);
  // Alone on standard output, so that a script can take it from there.
  cli.show(made, () => `${plain(made.token)}\n`);
  if (!cli.isForPrograms) cli.say(`${name} is ${role}${until ? ` until ${until.toISOString()}` : ''}`);
  cli.hint('keep it now, it is not shown again; programs take it as RACKWRIGHT_TOKEN');
}

async function list(cli: Cli): Promise<void> {
  const items = await collect(cli.client().list<Token>('tokens'));
  const now = cli.clock.now();
  const columns: Column<Token>[] = [
    { title: 'name', of: (token) => token.name },
    { title: 'role', of: (token) => token.role },
    { title: 'by', of: (token) => token.createdBy },
    { title: 'age', of: (token) => ageText(token.createdAt, now) },
    { title: 'until', of: (token) => token.expiresAt },
    { title: 'id', of: (token) => token.id },
  ];
  const isNames = cli.options.output === 'name';
  cli.show({ items }, () =>
    isNames ? items.map(({ name }) => `${plain(name)}\n`).join('') : cli.table(columns, items),
  );
}

async function revoke(cli: Cli, name: string, options: ConsentOptions): Promise<void> {
  const client = cli.client();
  const found = (await collect(client.list<Token>('tokens'))).find((token) => token.name === name || token.id === name);
  if (found === undefined) {
    throw failure(EXIT.failed, `there is no token "${name}"`, {
      code: 'unknown-token',
      action: 'rackwright token list',
    });
  }
  await askConsent(cli, `Revoke ${plain(found.name)} (${plain(found.role)})?`, options);
  await client.deleteToken(found.id);
  cli.show({ id: found.id, name: found.name, revoked: true }, () => `${plain(found.name)} is revoked\n`);
}
