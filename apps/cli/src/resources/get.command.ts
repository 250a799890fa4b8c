import type { ListQuery, RackwrightClient } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';
import { collect } from './collect.js';
import { kindOf, nameOf, type ResourceKind, type Row } from './kinds.js';

interface GetOptions {
  readonly filter: readonly string[];
  readonly limit?: number;
  readonly watch?: boolean;
  readonly interval: number;
  readonly [filter: string]: unknown;
}

const FILTERS = ['lifecycle', 'pool', 'site', 'power', 'search', 'group'] as const;

/** `rackwright get KIND [NAME]` */
export function addGetCommand(program: Command, cli: Cli): void {
  const command = program
    .command('get <kind> [name]')
    .description('list things of a kind, or get one: server, profile, pool, network, switch, fabric, array, ...')
    .option('--limit <count>', 'at most so many', Number)
    .option('-w, --watch', 'go on and show what changes')
    .option('--interval <seconds>', 'how often to look with --watch', Number, 2)
    .option('--associated', 'profiles that are on a server')
    .option('--not-associated', 'profiles that are on none');
  for (const filter of FILTERS) command.option(`--${filter} <value>`, `only this ${filter}`);
  command.action(async (word: string, name: string | undefined, options: GetOptions) => {
    const kind = kindOf(word);
    const query = queryOf(kind, options);
    if (options.watch === true) return watch(cli, kind, query, { name, options });
    const client = cli.client();
    if (name !== undefined) {
      const item = await getOne(client, kind, name);
      return cli.show(item, () => rowsText(cli, kind, [item]));
    }
    const { items, total } = await getMany(client, kind, query, options.limit);
    cli.show({ items, total }, () => rowsText(cli, kind, items));
    if (total > items.length) cli.say(`${items.length} of ${total} shown`);
    if (items.length === 0 && cli.terminal.outIsTty) cli.say(`no ${kind.collection}`);
  });
}

/** One item by name or id. @throws AppError `not-found` */
export async function getOne(client: RackwrightClient, kind: ResourceKind, name: string): Promise<Row> {
  if (kind.name === 'server') return (await client.server(name)) as unknown as Row;
  if (kind.name === 'profile') return (await client.profile(name)) as unknown as Row;
  if (kind.name === 'run') return (await client.runs.get(name)) as unknown as Row;
  for await (const item of client.list(kind.collection)) {
    if (nameOf(item) === name || item['id'] === name) return item;
  }
  throw failure(EXIT.failed, `there is no ${kind.name} "${name}"`, {
    code: 'not-found',
    action: `rackwright get ${kind.name}`,
  });
}

async function getMany(
  client: RackwrightClient,
  kind: ResourceKind,
  query: ListQuery,
  limit: number | undefined,
): Promise<{ items: Row[]; total: number }> {
  const pageSize = limit === undefined ? {} : { limit: Math.min(500, limit) };
  const items = await collect(client.list(kind.collection, { ...query, ...pageSize }), limit);
  if (limit === undefined || items.length < limit) return { items, total: items.length };
  return { items, total: (await client.page(kind.collection, { ...query, limit: 1 })).total ?? items.length };
}

function queryOf(kind: ResourceKind, options: GetOptions): ListQuery {
  const given = FILTERS.filter((filter) => options[filter] !== undefined);
  const unknown = given.find((filter) => !kind.filters.includes(filter));
  if (unknown !== undefined) {
    throw failure(EXIT.usage, `${kind.collection} cannot be filtered by --${unknown}`, {
      action:
        kind.filters.length === 0 ? 'leave it out' : `one of: ${kind.filters.map((each) => `--${each}`).join(' ')}`,
    });
  }
  const associated = options['associated'] === true ? true : options['notAssociated'] === true ? false : undefined;
  return {
    ...Object.fromEntries(given.map((filter) => [filter, String(options[filter])])),
    ...(associated === undefined ? {} : { associated }),
  };
}

function rowsText(cli: Cli, kind: ResourceKind, rows: readonly Row[], header = true): string {
  if (cli.options.output === 'name') return rows.map((row) => `${nameOf(row)}\n`).join('');
  const now = cli.clock.now();
  const columns = [...kind.columns(now), ...(cli.options.output === 'wide' ? kind.wide(now) : [])];
  return cli.table(columns, rows, header);
}

/** The list once, then each row again whenever it looks different. Ends with the program. */
async function watch(
  cli: Cli,
  kind: ResourceKind,
  query: ListQuery,
  { name, options }: { readonly name: string | undefined; readonly options: GetOptions },
): Promise<void> {
  const client = cli.client();
  const known = new Map<string, string>();
  for (let round = 0; ; round++) {
    const items =
      name === undefined
        ? (await getMany(client, kind, query, options.limit)).items
        : [await getOne(client, kind, name)];
    const news = items.filter(
      (item) => known.get(nameOf(item)) !== rowsText(cli, kind, [item], false) || cli.isForPrograms,
    );
    if (cli.options.output === 'json') for (const item of news) cli.terminal.out(`${JSON.stringify(item)}\n`);
    else if (news.length > 0) cli.show(news, () => rowsText(cli, kind, news, round === 0));
    for (const item of items) known.set(nameOf(item), rowsText(cli, kind, [item], false));
    await cli.clock.sleep(Math.max(0.2, options.interval) * 1000);
  }
}
