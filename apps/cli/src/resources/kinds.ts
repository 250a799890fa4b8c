import type { Collection, Profile, RunSummary, Server } from '@rackwright/client';
import { KINDS } from '@rackwright/documents';
import { EXIT, failure } from '../exit-code.policy.js';
import { ageText } from '../output/duration.js';
import { plain, stateStyle } from '../output/style.js';
import type { Column } from '../output/table.js';
import { runColumns } from '../runs/run-columns.js';

export type Row = Readonly<Record<string, unknown>>;

/** A kind of thing the API lists, and how a table shows it. */
export interface ResourceKind {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly collection: Collection;
  /** Query parameters its list understands. */
  readonly filters: readonly string[];
  readonly columns: (now: Date) => readonly Column<Row>[];
  readonly wide: (now: Date) => readonly Column<Row>[];
}

const field = (title: string, key = title): Column<Row> => ({ title, of: (row) => textOf(row[key]) });
const stateField = (title: string, of: (row: Row) => unknown): Column<Row> => ({
  title,
  of,
  style: (row, style) => stateStyle(style, String(of(row) ?? '')),
});
const read = (now: Date): Column<Row> => ({ title: 'read', of: (row) => ageText(row['readAt'] as string, now) });

function textOf(value: unknown): unknown {
  return Array.isArray(value) ? value.map((each) => plain(each)).join(',') : value;
}

/** A kind of which a table of plain fields says enough. */
function simple(
  name: string,
  collection: Collection,
  fields: readonly string[],
  wide: readonly string[] = [],
): ResourceKind {
  return {
    name,
    collection,
    aliases: [collection],
    filters: [],
    columns: () => fields.map((each) => field(each)),
    wide: () => wide.map((each) => field(each)),
  };
}

/** A kind with a device behind it: how it answers and when it was last read. */
function device(name: string, collection: Collection, counts: readonly string[]): ResourceKind {
  return {
    ...simple(name, collection, []),
    columns: (now) => [
      field('name'),
      field('driver'),
      field('address'),
      ...counts.map((each) => field(each)),
      stateField(
        'answers',
        (row) => row['reachable'] ?? (row['problem'] === undefined ? row['readAt'] && true : false),
      ),
      read(now),
      field('problem'),
    ],
  };
}

const asServer = (row: Row): Server => row as unknown as Server;
const asProfile = (row: Row): Profile => row as unknown as Profile;

const SERVER: ResourceKind = {
  name: 'server',
  collection: 'servers',
  aliases: ['servers', 'srv'],
  filters: ['lifecycle', 'pool', 'site', 'power', 'search'],
  columns: (now) => [
    field('name'),
    stateField('lifecycle', (row) => row['lifecycle']),
    stateField('power', (row) => asServer(row).power?.state),
    field('profile'),
    field('pool'),
    field('model'),
    { title: 'place', of: (row) => [row['site'], row['rack'], row['position']].filter(Boolean).map(plain).join('/') },
    { title: 'read', of: (row) => ageText(asServer(row).power?.at ?? asServer(row).factsAt, now) },
  ],
  wide: () => [
    field('serial', 'boardSerial'),
    field('arch', 'architecture'),
    field('cores'),
    { title: 'memory', of: (row) => asServer(row).memoryGiB && `${asServer(row).memoryGiB} GiB` },
    { title: 'watts', of: (row) => asServer(row).power?.watts },
    field('bmc'),
    field('locked by', 'lockedBy'),
    field('id'),
  ],
};

const PROFILE: ResourceKind = {
  name: 'profile',
  collection: 'profiles',
  aliases: ['profiles', 'prf', 'serverprofile', 'server-profile'],
  filters: ['group', 'associated', 'search'],
  columns: (now) => [
    { title: 'name', of: (row) => asProfile(row).definition?.name },
    { title: 'group', of: (row) => asProfile(row).definition?.group },
    stateField('state', (row) => row['state']),
    field('server'),
    {
      title: 'former holders',
      of: (row) =>
        asProfile(row)
          .formerHolders?.map(({ server }) => plain(server))
          .join(','),
    },
    { title: 'changed', of: (row) => ageText(asProfile(row).updatedAt, now) },
  ],
  wide: () => [field('uuid'), field('epoch'), field('locked by', 'lockedBy'), field('id')],
};

const RUN: ResourceKind = {
  name: 'run',
  collection: 'runs',
  aliases: ['runs'],
  filters: [],
  columns: (now) =>
    runColumns(now).map((column) => ({
      title: column.title,
      of: (row) => column.of(row as unknown as RunSummary),
    })),
  wide: () => [field('saga'), field('plan', 'planId'), field('trace', 'traceId')],
};

export const RESOURCE_KINDS: readonly ResourceKind[] = [
  SERVER,
  PROFILE,
  {
    ...simple('site', 'sites', ['name', 'description']),
    columns: () => [
      field('name'),
      { title: 'racks', of: (row) => Array.isArray(row['racks']) && row['racks'].length },
      field('description'),
    ],
  },
  {
    ...simple('pool', 'server-pools', ['name', 'servers', 'available', 'description']),
    aliases: ['pools', 'server-pool', 'server-pools', 'serverpool'],
  },
  {
    ...simple('network', 'networks', ['name', 'vlan', 'subnet', 'group', 'profiles'], ['gateway', 'description']),
    aliases: ['networks', 'net'],
  },
  {
    ...simple('network-set', 'network-sets', ['name', 'networks', 'native'], ['description']),
    aliases: ['network-sets', 'networkset'],
  },
  {
    ...simple('mac-pool', 'mac-pools', ['name', 'prefix', 'size', 'assigned', 'resting']),
    aliases: ['mac-pools', 'macpool'],
  },
  {
    ...simple('wwn-pool', 'wwn-pools', ['name', 'kind', 'prefix', 'assigned', 'resting']),
    aliases: ['wwn-pools', 'wwnpool', 'iqn-pool', 'iqn-pools'],
  },
  { ...device('switch', 'switches', ['ports']), aliases: ['switches'] },
  device('fabric', 'fabrics', ['zones', 'logins']),
  device('array', 'arrays', ['volumes', 'hosts']),
  {
    ...simple('volume', 'volumes', ['name', 'array', 'arrayVolume', 'shared', 'profiles'], ['group']),
    aliases: ['volumes', 'vol'],
  },
  device('bmc', 'bmcs', []),
  RUN,
];

/** The kind somebody means. @throws AppError usage, naming those there are */
export function kindOf(word: string): ResourceKind {
  const wanted = word.toLowerCase();
  const kind = RESOURCE_KINDS.find(({ name, aliases }) => name === wanted || aliases.includes(wanted));
  if (kind !== undefined) return kind;
  throw failure(EXIT.usage, `there is no kind "${word}"`, {
    action: `one of: ${RESOURCE_KINDS.map(({ name }) => name).join(', ')}`,
  });
}

/** The kind of document somebody means: `network-set`, `networkset` and `NetworkSet` are one. */
export function documentKind(word: string | undefined): string | undefined {
  if (word === undefined) return undefined;
  const bare = (text: string): string => text.toLowerCase().replaceAll('-', '');
  const kind = KINDS.find((each) => [bare(each), `${bare(each)}s`].includes(bare(word)));
  if (kind !== undefined) return kind;
  if (['pool', 'profile'].includes(kindOf(word).name))
    return kindOf(word).name === 'pool' ? 'ServerPool' : 'ServerProfile';
  throw failure(EXIT.usage, `there is no document kind "${word}"`, { action: `one of: ${KINDS.join(', ')}` });
}

/** The name people call an item by. */
export function nameOf(item: Row): string {
  const definition = item['definition'] as { readonly name?: unknown } | undefined;
  return String(item['name'] ?? definition?.name ?? item['id'] ?? '');
}
