import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom, SystemClock } from '@rackwright/kernel';
import type { FaultEffect } from '../../face.js';
import { buildWorld, loadSiteFile } from '../../site/index.js';
import { aSmallWorld, shippedSite } from '../../testing/small-world.js';
import { World } from '../../world/index.js';
import { JsonStream } from './json-stream.js';
import { createSwitchFace, type OvsdbFace, type OvsdbFaceOptions } from './index.js';

const VSCTL = '/usr/bin/ovs-vsctl';
const DB = 'Open_vSwitch';
type Tree = Readonly<Record<string, unknown>>;

/** A raw JSON-RPC client: sends what it is told, keeps everything it hears. */
class RawClient {
  readonly heard: Tree[] = [];
  ended = false;
  private readonly stream = new JsonStream();
  private readonly waiting = new Map<unknown, (message: Tree) => void>();
  private nextId = 1;

  private constructor(
    private readonly socket: Socket,
    answersEcho: boolean,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      for (const text of this.stream.push(String(chunk))) {
        const message = JSON.parse(text) as Tree;
        this.heard.push(message);
        if (message['method'] === 'echo' && answersEcho) this.write({ id: message['id'], result: [], error: null });
        this.waiting.get(message['id'])?.(message);
      }
    });
    socket.on('close', () => {
      this.ended = true;
      for (const answer of this.waiting.values()) answer({ closed: true });
    });
    socket.on('error', () => undefined);
  }

  static async open(port: number, answersEcho = true): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket, answersEcho);
  }

  write(message: unknown): void {
    this.socket.write(JSON.stringify(message));
  }

  call(method: string, ...params: unknown[]): Promise<Tree> {
    if (this.ended) return Promise.resolve({ closed: true });
    const id = this.nextId++;
    const answer = new Promise<Tree>((resolve) => this.waiting.set(id, resolve));
    this.write({ method, params, id });
    return answer;
  }

  async transact(...operations: unknown[]): Promise<Tree[]> {
    return (await this.call('transact', DB, ...operations))['result'] as Tree[];
  }

  async columns(table: string, name: string | undefined, ...columns: string[]): Promise<Tree> {
    const where = name === undefined ? [] : [['name', '==', name]];
    const [answer] = await this.transact({ op: 'select', table, where, columns });
    return (answer?.['rows'] as Tree[])[0] ?? {};
  }

  close(): void {
    this.socket.destroy();
  }
}

let small: ReturnType<typeof aSmallWorld>;
let faces: OvsdbFace[];
let clients: RawClient[];
let planned: { path: RegExp; effect: FaultEffect; fired: number }[];

beforeEach(() => {
  small = aSmallWorld();
  faces = [];
  clients = [];
  planned = [];
});

afterEach(async () => {
  clients.forEach((client) => client.close());
  await Promise.all(faces.map((face) => face.stop()));
  small.world.close();
});

async function aFace(options: Partial<OvsdbFaceOptions> = {}): Promise<{ face: OvsdbFace; port: number }> {
  const face = createSwitchFace(small.world, 'leaf-1', {
    clock: small.clock,
    random: new SeededRandom(3),
    faultFor: ({ path }) => {
      const rule = planned.find((each) => each.path.test(path) && each.fired === 0);
      if (rule) rule.fired++;
      return rule?.effect;
    },
    ...options,
  });
  faces.push(face);
  return { face, port: (await face.start()).port };
}

async function aClient(port: number, answersEcho = true): Promise<RawClient> {
  const client = await RawClient.open(port, answersEcho);
  clients.push(client);
  return client;
}

const byName = (name: string): unknown[] => [['name', '==', name]];
const setTag = (name: string, row: Tree): Tree => ({ op: 'update', table: 'Port', where: byName(name), row });
const bump = { op: 'mutate', table: DB, where: [], mutations: [['next_cfg', '+=', 1]] };
const access101 = { tag: 101, trunks: ['set', []], vlan_mode: 'access', protected: false };

describe('OVSDB transactions', () => {
  it('tell their database, schema and rows', async () => {
    const client = await aClient((await aFace()).port);
    expect((await client.call('list_dbs'))['result']).toEqual([DB]);
    const schema = (await client.call('get_schema', DB))['result'] as { tables: Record<string, Tree> };
    expect(Object.keys(schema.tables)).toEqual([DB, 'Bridge', 'Port', 'Interface']);
    expect((await client.call('get_schema', '_Server'))['error']).toMatchObject({ error: 'unknown database' });
    expect((await client.call('nonsense'))['error']).toMatchObject({ error: 'unknown method' });
    expect(await client.columns('Port', 'eth1', 'tag', 'trunks', 'vlan_mode', 'protected')).toEqual({
      tag: small.world.network.switch('leaf-1').parkingVlan,
      trunks: ['set', []],
      vlan_mode: 'access',
      protected: true,
    });
  });

  it('change the database at once and the data plane after the delay of the switch', async () => {
    const client = await aClient((await aFace()).port);
    const results = await client.transact(setTag('eth1', access101), bump, {
      op: 'select',
      table: DB,
      where: [],
      columns: ['next_cfg'],
    });
    expect(results).toEqual([{ count: 1 }, { count: 1 }, { rows: [{ next_cfg: 1 }] }]);
    const port = small.world.network.port('leaf-1', 'eth1');
    expect([port?.config.native, port?.applied.native === 101]).toEqual([101, false]);
    expect(await client.columns(DB, undefined, 'cur_cfg')).toEqual({ cur_cfg: 0 });
    await small.clock.advance(small.world.network.switch('leaf-1').applyDelayMs + 1);
    expect(port?.applied.native).toBe(101);
    expect(await client.columns(DB, undefined, 'cur_cfg')).toEqual({ cur_cfg: 1 });
  });

  it('are all or nothing, and say which operation failed', async () => {
    const client = await aClient((await aFace()).port);
    const wrong = await client.transact(setTag('eth1', { tag: 101 }), setTag('eth2', { tag: 9999 }), {
      op: 'comment',
      comment: 'x',
    });
    expect(wrong).toMatchObject([{ count: 1 }, { error: 'constraint violation' }, null]);
    const aborted = await client.transact(setTag('eth1', { tag: 102 }), { op: 'abort' });
    expect(aborted[1]).toMatchObject({ error: 'aborted' });
    const unlocked = await client.transact({ op: 'assert', lock: 'mine' }, setTag('eth1', { tag: 102 }));
    expect(unlocked[0]).toMatchObject({ error: 'not owner' });
    expect(await client.columns('Port', 'eth1', 'tag')).toEqual({
      tag: small.world.network.switch('leaf-1').parkingVlan,
    });
  });

  it('count an update that matched nothing as 0, without an error', async () => {
    const client = await aClient((await aFace()).port);
    expect(await client.transact(setTag('no-such-port', { tag: 5 }))).toEqual([{ count: 0 }]);
  });

  it('compare and set with wait and timeout 0', async () => {
    const client = await aClient((await aFace()).port);
    const guard = (tag: unknown): Tree => ({
      op: 'wait',
      table: 'Port',
      where: byName('eth1'),
      columns: ['tag'],
      until: '==',
      rows: [{ tag }],
      timeout: 0,
    });
    expect((await client.transact(guard(['set', []]), setTag('eth1', access101)))[0]).toMatchObject({
      error: 'timed out',
    });
    const { tag } = await client.columns('Port', 'eth1', 'tag');
    expect(await client.transact(guard(tag), setTag('eth1', access101))).toEqual([{}, { count: 1 }]);
  });

  it('wait until another client made the condition true', async () => {
    const { port } = await aFace();
    const [one, two] = [await aClient(port), await aClient(port)];
    const wait = {
      op: 'wait',
      table: 'Port',
      where: byName('eth1'),
      columns: ['tag'],
      until: '==',
      rows: [{ tag: 101 }],
    };
    const answer = one.transact(wait);
    await two.transact(setTag('eth1', access101));
    expect(await answer).toEqual([{}]);
    const late = one.transact({ ...wait, rows: [{ tag: 7 }], timeout: 500 });
    await two.call('echo');
    await small.clock.advance(501);
    expect((await late)[0]).toMatchObject({ error: 'timed out' });
  });

  it('insert with named rows, collect what nothing refers to, keep names unique', async () => {
    const client = await aClient((await aFace()).port);
    const insert = [
      { op: 'insert', table: 'Interface', row: { name: 'new0' }, 'uuid-name': 'i' },
      { op: 'insert', table: 'Port', row: { name: 'new0', interfaces: ['named-uuid', 'i'] }, 'uuid-name': 'p' },
      { op: 'mutate', table: 'Bridge', where: [], mutations: [['ports', 'insert', ['named-uuid', 'p']]] },
    ];
    const made = await client.transact(...insert);
    expect(made).toHaveLength(3);
    expect((await client.transact(...insert))[3]).toMatchObject({ error: 'constraint violation' });
    const port = (made[1] as Tree)['uuid'];
    await client.transact({ op: 'mutate', table: 'Bridge', where: [], mutations: [['ports', 'delete', port]] });
    expect(await client.columns('Interface', 'new0', 'name')).toEqual({});
    const dangling = ['uuid', '11111111-1111-4111-8111-111111111111'];
    const broken = await client.transact({
      op: 'mutate',
      table: 'Bridge',
      where: [],
      mutations: [['ports', 'insert', dangling]],
    });
    expect(broken[1]).toMatchObject({ error: 'referential integrity violation' });
  });

  it('mutate maps by pair and by key', async () => {
    const client = await aClient((await aFace()).port);
    const mutate = (mutator: string, value: unknown): Promise<Tree[]> =>
      client.transact({
        op: 'mutate',
        table: 'Port',
        where: byName('eth1'),
        mutations: [['external_ids', mutator, value]],
      });
    await mutate('insert', [
      'map',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ]);
    await mutate('delete', ['set', ['a']]);
    expect(await client.columns('Port', 'eth1', 'external_ids')).toEqual({ external_ids: ['map', [['b', '2']]] });
  });

  it('translate columns into what frames do: empty trunks carry everything', async () => {
    const client = await aClient((await aFace()).port);
    await client.transact(setTag('eth1', { tag: ['set', []], trunks: ['set', []], vlan_mode: ['set', []] }));
    expect(small.world.network.port('leaf-1', 'eth1')?.config).toMatchObject({ carriesEverything: true, tagged: [] });
    await client.transact(setTag('eth1', { tag: 101, trunks: ['set', [102, 103]], vlan_mode: 'native-untagged' }));
    expect(small.world.network.port('leaf-1', 'eth1')?.config).toMatchObject({
      native: 101,
      tagged: [102, 103],
      carriesEverything: false,
    });
  });
});

describe('OVSDB sessions', () => {
  it('monitor rows in both styles, before the reply of the transaction', async () => {
    const client = await aClient((await aFace()).port);
    const request = { Port: [{ columns: ['name', 'tag'] }] };
    const first = (await client.call('monitor', DB, 'one', request))['result'] as Record<string, Tree>;
    expect(Object.values(first['Port'] ?? {})).toHaveLength(16);
    expect((await client.call('monitor_cond', DB, 'two', request))['error']).toBeNull();
    client.heard.length = 0;
    await client.transact(setTag('eth1', access101));
    expect(client.heard.map((message) => message['method'])).toEqual(['update', 'update2', undefined]);
    const [, updates] = client.heard[1]?.['params'] as [unknown, Record<string, Record<string, Tree>>];
    expect(Object.values(updates['Port'] ?? {})).toEqual([{ modify: { tag: 101 } }]);
    expect((await client.call('monitor_cancel', 'one'))['error']).toBeNull();
  });

  it('drop a client that does not answer an echo, keep one that does', async () => {
    const { port } = await aFace({ probeMs: 1000 });
    const [quiet, lively] = [await aClient(port, false), await aClient(port)];
    expect((await lively.call('echo', 'x'))['result']).toEqual(['x']);
    await quiet.call('list_dbs');
    await small.clock.advance(1001);
    await lively.call('echo');
    await small.clock.advance(1001);
    await lively.call('echo');
    expect((await quiet.call('list_dbs'))['closed']).toBe(true);
    expect(lively.ended).toBe(false);
  });

  it('hand a lock on and tell the one it was stolen from', async () => {
    const { port } = await aFace();
    const [one, two] = [await aClient(port), await aClient(port)];
    expect((await one.call('lock', 'l'))['result']).toEqual({ locked: true });
    expect((await two.call('lock', 'l'))['result']).toEqual({ locked: false });
    await one.call('unlock', 'l');
    await two.call('echo');
    expect(two.heard.some((message) => message['method'] === 'locked')).toBe(true);
    await one.call('steal', 'l');
    await two.call('echo');
    expect(two.heard.some((message) => message['method'] === 'stolen')).toBe(true);
    expect(await one.transact({ op: 'assert', lock: 'l' })).toEqual([{}]);
  });

  it('keep the database through a restart and take over foreign edits', async () => {
    const first = await aFace();
    await (await aClient(first.port)).transact(setTag('eth1', access101), bump);
    await first.face.stop();
    const client = await aClient((await aFace()).port);
    expect(await client.columns('Port', 'eth1', 'tag')).toEqual({ tag: 101 });
    expect(await client.columns(DB, undefined, 'next_cfg')).toEqual({ next_cfg: 1 });
    small.world.network.configure('leaf-1', { eth1: { native: 77 } }, 'fault');
    expect(await client.columns('Port', 'eth1', 'tag')).toEqual({ tag: 77 });
  });

  it('end when bytes come that are no JSON', async () => {
    const client = await aClient((await aFace()).port);
    client.write('hello');
    expect((await client.call('list_dbs'))['closed']).toBe(true);
  });
});

describe('OVSDB faults', () => {
  it('lose the response after the commit, and the request before it', async () => {
    const { port } = await aFace();
    for (const [kind, tag] of [
      ['lose-response', 101],
      ['lose-request', 101],
    ] as const) {
      planned = [{ path: /transact\/Port/, effect: { kind }, fired: 0 }];
      const client = await aClient(port);
      expect(
        await client.call('transact', DB, setTag('eth1', { ...access101, tag: kind === 'lose-response' ? 101 : 102 })),
      ).toEqual({ closed: true });
      expect(planned[0]?.fired).toBe(1);
      expect(await (await aClient(port)).columns('Port', 'eth1', 'tag')).toEqual({ tag });
    }
  });

  it('apply only some of the ports of one transaction', async () => {
    const client = await aClient((await aFace()).port);
    planned = [{ path: /transact\/Port/, effect: { kind: 'commit-half-way' }, fired: 0 }];
    await client.transact(setTag('eth1', access101), setTag('eth2', access101));
    const native = ['eth1', 'eth2'].map((name) => small.world.network.port('leaf-1', name)?.config.native);
    expect([planned[0]?.fired, native.filter((vlan) => vlan === 101).length]).toEqual([1, 1]);
  });
});

const independent = existsSync(VSCTL) ? describe : describe.skip;

independent('ovs-vsctl as an independent client (skipped without the Debian package openvswitch-switch)', () => {
  it('lists ports, sets a VLAN and waits for the data plane', async () => {
    const clock = new SystemClock();
    const world = new World(buildWorld(loadSiteFile(shippedSite('small'))), clock);
    const face = createSwitchFace(world, 'leaf-1', { clock, random: new SeededRandom(3) });
    const { url } = await face.start();
    const vsctl = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(VSCTL, [`--db=${url}`, '--timeout=10', ...args])).stdout.trim();
    try {
      expect((await vsctl('--no-wait', 'list-ports', 'br0')).split('\n')).toHaveLength(16);
      await vsctl(
        'set',
        'port',
        'eth3',
        'tag=101',
        'vlan_mode=access',
        'protected=false',
        'external_ids:owner=rackwright',
      );
      expect(world.network.port('leaf-1', 'eth3')?.applied.native).toBe(101);
      expect(await vsctl('--no-wait', 'get', 'port', 'eth3', 'tag')).toBe('101');
      await vsctl('--no-wait', 'add', 'port', 'eth4', 'trunks', '10,11');
      await vsctl('--no-wait', 'clear', 'port', 'eth4', 'tag', 'vlan_mode');
      expect(world.network.port('leaf-1', 'eth4')?.config.tagged).toEqual([10, 11]);
      await vsctl('--no-wait', 'del-port', 'br0', 'eth4');
      expect(world.network.port('leaf-1', 'eth4')?.config.adminUp).toBe(false);
      expect(await vsctl('--no-wait', 'get', 'interface', 'eth3', 'admin_state')).toBe('up');
      await expect(vsctl('--no-wait', 'set', 'port', 'eth3', 'tag=5000')).rejects.toThrow();
    } finally {
      await face.stop();
      world.close();
    }
  });
});
