import { inventory, type CommandDefinition, type InputOf, type ResultOf } from '@rackwright/contracts';
import { IdFactory, SystemClock, SystemRandom } from '@rackwright/kernel';
import type { MessageKey } from '@rackwright/messaging';
import { Database } from '@rackwright/persistence';
import { waitFor } from '@rackwright/testing';
import { GatewayWorld, type Answer } from '../gateway/gateway-world.js';
import { sendTenMegabytes } from '../gateway/ten-megabytes.js';
import type { Reply } from './reply.js';

const clock = new SystemClock();
const ids = new IdFactory(clock, new SystemRandom());

export const document = (kind: string, name: string, spec: object): string =>
  `---\n${JSON.stringify({ apiVersion: 'rackwright/v1', kind, metadata: { name }, spec })}\n`;

/** Nobody listens there: what a device would say plays no part. */
const device = (port: number) => ({ address: `127.0.0.1:${port}`, trust: { kind: 'none' } });
const server = (serial: string, slot: number) => ({
  boardSerial: serial,
  site: 'berlin',
  cabling: [{ port: 'FC.1', device: 'fabric-a', devicePort: `0/${slot}` }],
});
export const BOOT_FROM_SAN = { vhbas: [{ name: 'fc0', fabric: 'fabric-a' }] };

/** Profile `mail` runs on `blade-1`; `blade-2` is idle and as good, `power-1` is idle and of another architecture. */
export const SITE = [
  document('Site', 'berlin', {}),
  document('ServerPool', 'blades', { qualification: { architecture: 'x86-64', coresMin: 8, memoryGiBMin: 32 } }),
  document('Network', 'red', { vlan: 10, subnet: '10.20.0.0/16', gateway: '10.20.0.1' }),
  document('NetworkSet', 'guests', { networks: ['red'] }),
  document('MacPool', 'macs', {}),
  document('WwnPool', 'wwns', {}),
  document('Fabric', 'fabric-a', { driver: 'brocade-fos', ...device(1) }),
  document('Array', 'array-1', { driver: 'tgt', ...device(2) }),
  document('Volume', 'mail-boot', { array: 'array-1', arrayVolume: 'v1' }),
  document('Volume', 'spare-1', { array: 'array-1', arrayVolume: 'v2' }),
  document('Volume', 'spare-2', { array: 'array-1', arrayVolume: 'v3' }),
  document('Server', 'blade-1', server('SN1', 1)),
  document('Server', 'blade-2', server('SN2', 2)),
  document('Server', 'power-1', server('SN3', 3)),
  document('ServerProfile', 'mail', {
    ...BOOT_FROM_SAN,
    qualification: { architecture: 'x86-64' },
    volumes: [{ volume: 'mail-boot', lun: 0, boot: true }],
  }),
  document('ServerProfile', 'web', { ...BOOT_FROM_SAN, qualification: { architecture: 'x86-64' } }),
].join('');

/** Tables that record that somebody asked, or what devices say; everything else is what "nothing changed" is about. */
const NOT_COMPARED = ['plans', 'idempotency_keys', 'login_attempts', 'device_lanes'];
const READ_FROM_DEVICES = ['reading', 'read_at', 'tried_at', 'problem'];
const EXPORTED = [
  'Site',
  'ServerPool',
  'Network',
  'NetworkSet',
  'MacPool',
  'WwnPool',
  'Fabric',
  'Array',
  'Volume',
  'Server',
  'ServerProfile',
];
const SERVICES = ['inventory', 'network', 'storage-identity', 'saga-coordinator', 'gateway'];

/** A site that is described and in use, behind the real API; no hardware. */
export class DescribedSite {
  private constructor(
    private readonly world: GatewayWorld,
    private readonly token: string,
    private readonly database: Database,
  ) {}

  static async start(): Promise<DescribedSite> {
    const world = await GatewayWorld.start('storage-identity', 'saga-coordinator');
    const token = await world.signIn();
    const { adminUrl: url } = world.databases;
    const database = await Database.open({ url, schema: 'public', applicationName: 'bad-input-spec', poolMax: 2 });
    const site = new DescribedSite(world, token, database);
    try {
      for (const list of ['runs', 'wwn-pools'])
        await waitFor(async () => (await world.call('GET', `/api/v1/${list}`, { token })).status === 200);
      await site.describe();
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.world.close();
  }

  /** All that is known and defined: every row of every service, and what the API exports. */
  async state(): Promise<Record<string, unknown>> {
    const tables = await this.database.query<{ schema: string; name: string }>(
      `SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
       WHERE table_schema = ANY($1) AND table_name NOT LIKE 'messaging\\_%' AND NOT table_name = ANY($2)`,
      [SERVICES, NOT_COMPARED],
    );
    const state: Record<string, unknown> = {};
    for (const { schema, name } of tables) {
      const [row] = await this.database.query<{ rows: unknown }>(
        `SELECT json_agg(to_jsonb(t) - $1::text[] ORDER BY to_jsonb(t)::text) AS rows FROM "${schema}"."${name}" t`,
        [READ_FROM_DEVICES],
      );
      state[`${schema}.${name}`] = row?.rows;
    }
    for (const kind of EXPORTED) {
      const { status, text } = await this.world.call('GET', `/api/v1/documents?kind=${kind}`, { token: this.token });
      if (status !== 200) throw new Error(`${kind} cannot be exported: ${text}`);
      state[`exported ${kind}`] = text;
    }
    return state;
  }

  async apply(text: string): Promise<Reply> {
    return replyOf(await this.world.yaml('/api/v1/documents/apply', text, this.token));
  }

  async applyTenMegabytes(): Promise<Reply> {
    const { status, body } = await sendTenMegabytes(this.world.url, this.token, false);
    return replyOf({ status: status ?? 0, text: body, body: JSON.parse(body) as Record<string, unknown> });
  }

  /** Plans to put a profile on a server and, whatever the plan says, asks to run it. */
  async associate(profile: string, onto: string): Promise<Reply> {
    const { token } = this;
    const plan = await this.world.call('POST', '/api/v1/plans', {
      token,
      body: { kind: 'associate', profile, server: onto },
    });
    const run = await this.world.call('POST', `/api/v1/plans/${String(plan.body['id'])}/runs`, {
      token,
      headers: { 'idempotency-key': String(plan.body['id']) },
    });
    return replyOf(run, plan.body['blockedBy'] as { code: string; message: string }[]);
  }

  private async describe(): Promise<void> {
    const applied = await this.apply(SITE);
    if (applied.status !== 200) throw new Error(`the site was not taken: ${applied.text}`);
    await this.discover('SN1', 'x86-64', 1);
    await this.discover('SN2', 'x86-64', 2);
    await this.discover('SN3', 'ppc64', 3);
    await this.putOn('mail', 'blade-1');
  }

  /** What the power service says of a machine it has read. */
  private async discover(boardSerial: string, architecture: 'x86-64' | 'ppc64', slot: number): Promise<void> {
    await this.ask(inventory.registerServer, {
      bmcId: ids.newId('bmc'),
      bmcName: `bmc-${slot}`,
      driver: 'redfish',
      facts: {
        boardSerial,
        architecture,
        cores: 16,
        memoryGiB: 64,
        ports: [{ name: 'FC.1', kind: 'fibre-channel', linkUp: true, assignable: true }],
        bootSources: [],
        sanBoot: true,
        gaps: [],
      },
      readAt: clock.now().toISOString(),
      source: 'a test',
    });
  }

  /** What the saga does to inventory when it puts a profile on a server. */
  private async putOn(profile: string, onto: string): Promise<void> {
    const idOf = async (path: string): Promise<string> =>
      String((await this.world.call('GET', path, { token: this.token })).body['id']);
    const profileId = (await idOf(`/api/v1/profiles/${profile}`)) as InputOf<
      typeof inventory.commitAssociation
    >['profileId'];
    const serverId = (await idOf(`/api/v1/servers/${onto}`)) as InputOf<typeof inventory.commitAssociation>['serverId'];
    const sagaId = ids.newId('run');
    const key = (step: string): MessageKey => ({ sagaId, step, epoch: 1 });
    const begin = { kind: 'associate' as const, profileId, targetServerId: serverId };
    await this.ask(inventory.beginAssociation, begin, key('begin'));
    await this.ask(inventory.commitAssociation, { profileId, serverId, evidence: [] }, key('commit'));
    await this.ask(inventory.releaseAssociation, { quarantine: [] }, key('release'));
  }

  private async ask<C extends CommandDefinition>(
    command: C,
    input: InputOf<C>,
    key?: MessageKey,
  ): Promise<ResultOf<C>> {
    const outcome = await this.world.commands.ask(command, input, { timeoutMs: 20_000, ...(key && { key }) });
    if (outcome.kind !== 'done') throw new Error(`${command.name}: ${JSON.stringify(outcome)}`);
    return outcome.result;
  }
}

interface ProblemRow {
  readonly code: string;
  readonly detail: string;
  readonly line?: number;
  readonly column?: number;
}

function replyOf(
  { status, body, text }: Pick<Answer, 'status' | 'body' | 'text'>,
  blockedBy: readonly { readonly code: string; readonly message: string }[] = [],
): Reply {
  const errors = (body['errors'] ?? []) as ProblemRow[];
  const code = body['code'] as string | undefined;
  const results = (body['results'] ?? []) as { readonly action: string }[];
  const actions = status === 200 ? results.map(({ action }) => action) : [];
  return {
    status,
    codes: [...(code === undefined ? [] : [code]), ...[...errors, ...blockedBy].map((each) => each.code)],
    places: errors.map(({ line, column }) => `${line}:${column}`),
    actions: [...new Set(actions)],
    text: [text, ...blockedBy.map(({ message }) => message)].join('\n'),
  };
}
