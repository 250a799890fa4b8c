import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { callThrough, RecordingGate } from '@rackwright/driver-core/conformance';
import fc from 'fast-check';
import { JsonStream, JsonStreamError } from './json-stream.js';
import { parseOvsdbAddress } from './ovsdb-connection.js';
import { createOvsdbDriver } from './ovsdb-driver.js';
import { isValidVlans, readVlans, writeVlans } from './port-layout.js';

const servers: Server[] = [];

/** A switch that answers with whatever the spec says. */
async function switchThatSays(
  answer: (socket: Socket, request: { id: number; method: string }) => void,
): Promise<string> {
  const server = createServer((socket) => {
    const stream = new JsonStream();
    socket.setEncoding('utf8').on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const text of stream.push(String(chunk))) answer(socket, JSON.parse(text) as { id: number; method: string });
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  return `tcp:127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const gate = new RecordingGate();
const list = (address: string, withinMs = 3_000): Promise<unknown> =>
  createOvsdbDriver({ address }).listPorts(callThrough(gate, withinMs));

const TABLES = [
  { rows: [{ cur_cfg: 3, next_cfg: 3, ovs_version: '9.9' }] },
  { rows: [{ name: 'br0', ports: ['uuid', 'p1'] }] },
  {
    rows: [
      {
        _uuid: ['uuid', 'p1'],
        name: 'eth1',
        tag: 10,
        trunks: ['set', []],
        vlan_mode: 'access',
        protected: false,
        external_ids: ['map', []],
        interfaces: ['uuid', 'i1'],
      },
    ],
  },
  { rows: [{ _uuid: ['uuid', 'i1'], link_state: 'up' }] },
];

describe('a switch that misbehaves', () => {
  it('is read when it answers properly, cut into single bytes, with an echo in between', async () => {
    const echoes: number[] = [];
    const address = await switchThatSays((socket, { id, method }) => {
      if (method !== 'transact') return void echoes.push(id);
      const text =
        JSON.stringify({ method: 'echo', id: 'echo', params: ['x'] }) +
        JSON.stringify({ id, result: TABLES, error: null });
      for (const character of text) socket.write(character);
    });
    expect(await list(address)).toMatchObject({
      kind: 'done',
      observed: { value: [{ port: 'eth1', vlans: { native: 10 }, linkUp: true }] },
    });
  });

  it.each([
    ['closes without an answer', (socket: Socket) => socket.destroy(), 'lost-response'],
    ['sends HTML', (socket: Socket) => socket.write('<html>busy</html>'), 'unparseable'],
    ['nests too deep', (socket: Socket) => socket.write('{"a":'.repeat(500)), 'unparseable'],
    [
      'answers with a number',
      (socket: Socket, id: number) => socket.write(JSON.stringify({ id, result: 7, error: null })),
      'unparseable',
    ],
    [
      'leaves tables out',
      (socket: Socket, id: number) => socket.write(JSON.stringify({ id, result: [{}], error: null })),
      'unparseable',
    ],
    ['never answers', () => undefined, 'timeout'],
    [
      'answers another question',
      (socket: Socket) => socket.write(JSON.stringify({ id: 999, result: TABLES, error: null })),
      'timeout',
    ],
  ])('is unknown when it %s', async (_name, answer, why) => {
    const address = await switchThatSays((socket, { id }) => void answer(socket, id));
    expect(await list(address, why === 'timeout' ? 150 : 3_000)).toMatchObject({ kind: 'unknown', why });
    expect(gate.open).toBe(0);
  });

  it('is in conflict when the compare fails, and changes nothing', async () => {
    let calls = 0;
    const address = await switchThatSays((socket, { id }) => {
      calls += 1;
      const result = calls === 1 ? TABLES : [{ error: 'timed out', details: 'wait' }, null, null, null];
      socket.write(JSON.stringify({ id, result, error: null }));
    });
    const driver = createOvsdbDriver({ address });
    expect(await driver.ensureVlans('eth1', { native: 11, tagged: [] }, callThrough(gate))).toMatchObject({
      kind: 'conflict',
    });
    expect(calls).toBe(2);
  });

  it('is unknown when an update matched no row', async () => {
    let calls = 0;
    const address = await switchThatSays((socket, { id }) => {
      calls += 1;
      const result = calls === 1 ? TABLES : [{}, { count: 0 }, { count: 1 }, { rows: [{ next_cfg: 4, cur_cfg: 3 }] }];
      socket.write(JSON.stringify({ id, result, error: null }));
    });
    const driver = createOvsdbDriver({ address });
    expect(await driver.ensureVlans('eth1', { native: 11, tagged: [] }, callThrough(gate))).toMatchObject({
      kind: 'unknown',
    });
  });
});

describe('parsers', () => {
  it('cut any sequence of objects out of any chunking', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), { maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (values, size) => {
          const stream = new JsonStream();
          const text = values.map((value) => JSON.stringify(value)).join('');
          const out: string[] = [];
          for (let at = 0; at < text.length; at += size) out.push(...stream.push(text.slice(at, at + size)));
          expect(out).toEqual(values.map((value) => JSON.stringify(value)));
        },
      ),
    );
  });

  it('throw nothing but their own error on noise', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => {
        const stream = new JsonStream(1_000);
        try {
          for (const chunk of chunks) stream.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonStreamError);
        }
      }),
    );
  });

  it('read back prepared VLANs, and take only valid ones', () => {
    const vlan = fc.integer({ min: 1, max: 4094 });
    fc.assert(
      fc.property(fc.option(vlan, { nil: undefined }), fc.uniqueArray(vlan), (native, all) => {
        const tagged = all.filter((other) => other !== native).sort((a, b) => a - b);
        const vlans = { ...(native === undefined ? {} : { native }), tagged };
        expect(readVlans(writeVlans(vlans))).toEqual(vlans);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const vlans = readVlans(text);
        expect(vlans === undefined || isValidVlans(vlans)).toBe(true);
      }),
    );
  });

  it('read addresses', () => {
    expect(parseOvsdbAddress('tcp:10.0.0.1:16640', true)).toEqual({ host: '10.0.0.1', port: 16640, tls: false });
    expect(parseOvsdbAddress('ssl:[fe80::1]:6640', false)).toEqual({ host: 'fe80::1', port: 6640, tls: true });
    expect(parseOvsdbAddress('leaf1', true)).toEqual({ host: 'leaf1', port: 6640, tls: true });
    expect(() => parseOvsdbAddress('http://x/y', false)).toThrow('not tcp:host:port');
  });
});
