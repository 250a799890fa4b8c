import { X509Certificate } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generate } from 'selfsigned';
import { settle } from '../call-ending.js';
import { callThrough, RecordingGate } from '../conformance/conformance-call.js';
import type { TlsTrust } from '../device-identity.js';
import { runTool } from './child-process.js';
import { nestsDeeperThan, tryParseDeviceJson } from './hostile-json.js';
import { PinnedTransport } from './pinned-transport.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const servers: Server[] = [];

async function listen(server: Server, scheme: string): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  return `${scheme}://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

/** A device with a certificate of its own; `seen` is every request that reached it. */
async function aDevice(
  handler: Handler,
): Promise<{ url: string; seen: IncomingMessage[]; certPem: string; sha256: string }> {
  const extensions = [{ name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] }];
  const made = await generate([{ name: 'commonName', value: 'device' }], { extensions } as never);
  const seen: IncomingMessage[] = [];
  const server = createHttpsServer({ key: made.private, cert: made.cert }, (request, response) => {
    seen.push(request);
    handler(request, response);
  });
  const sha256 = new X509Certificate(made.cert).fingerprint256.replaceAll(':', '').toLowerCase();
  return { url: await listen(server, 'https'), seen, certPem: made.cert, sha256 };
}

const gate = new RecordingGate();
const ok: Handler = (_request, response) => void response.end('{"fine":true}');

function get(
  url: string,
  trust: TlsTrust | undefined,
  options: { withinMs?: number; maxBytes?: number } = {},
): Promise<unknown> {
  const transport = new PinnedTransport(url, trust, options.maxBytes);
  const headers = { authorization: 'Basic c2VjcmV0' };
  const call = callThrough(gate, options.withinMs ?? 5_000);
  return settle(async () => {
    const answer = await transport.send({ method: 'GET', path: '/x', headers }, call);
    return { kind: 'done' as const, changed: false, observed: { value: answer, at: call.deadline, source: url } };
  });
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  expect(gate.open).toBe(0);
});

describe('a certificate', () => {
  it('that is pinned gets the request, in any notation of the fingerprint', async () => {
    const device = await aDevice(ok);
    const notation = device.sha256.toUpperCase().replace(/(..)(?!$)/g, '$1:');
    expect(await get(device.url, { kind: 'pin', sha256: notation })).toMatchObject({ kind: 'done' });
    expect(device.seen).toHaveLength(1);
  });

  it('that has changed gets no request and no credential', async () => {
    const device = await aDevice(ok);
    const end = await get(device.url, { kind: 'pin', sha256: '00'.repeat(32) });
    expect(end).toMatchObject({ kind: 'refused', code: 'device.certificate-changed' });
    expect(device.seen).toHaveLength(0);
  });

  it('that is new is reported and gets nothing', async () => {
    const device = await aDevice(ok);
    const reported: string[] = [];
    const end = await get(device.url, { kind: 'first-use', onFirstUse: (sha256) => void reported.push(sha256) });
    expect(end).toMatchObject({ kind: 'refused', code: 'device.certificate-not-pinned' });
    expect(reported).toEqual([device.sha256]);
    expect(device.seen).toHaveLength(0);
  });

  it('of the CA is taken, of anybody else is not', async () => {
    const [device, other] = [await aDevice(ok), await aDevice(ok)];
    expect(await get(device.url, { kind: 'ca', caPem: other.certPem })).toMatchObject({
      kind: 'refused',
      code: 'device.certificate-untrusted',
    });
    expect(await get(device.url, undefined)).toMatchObject({ kind: 'refused', code: 'device.certificate-untrusted' });
    expect(device.seen).toHaveLength(0);
  });
});

describe('a device that misbehaves', () => {
  it.each<[string, Handler, string]>([
    ['never answers', () => undefined, 'timeout'],
    ['hangs up', (request) => void request.socket.destroy(), 'connection-reset'],
    [
      'hangs up in the middle',
      (_request, response) => void response.write('x', () => response.destroy()),
      'connection-reset',
    ],
    ['sends too much', (_request, response) => void response.end('x'.repeat(5_000)), 'unparseable'],
  ])('leaves the call unknown when it %s', async (_name, handler, why) => {
    const url = await listen(createHttpServer(handler), 'http');
    const options = { maxBytes: 1_000, withinMs: why === 'timeout' ? 200 : 5_000 };
    expect(await get(url, undefined, options)).toMatchObject({ kind: 'unknown', why });
  });

  it('is not followed elsewhere', async () => {
    const url = await listen(
      createHttpServer((_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
      'http',
    );
    expect(await get(url, undefined)).toMatchObject({ kind: 'done', observed: { value: { status: 302 } } });
  });

  it('is not given a request when the gate refuses', async () => {
    let asked = 0;
    const url = await listen(
      createHttpServer((_request, response) => void response.end(String(++asked))),
      'http',
    );
    const refusing = new RecordingGate();
    refusing.refuseMutations = true;
    const send = new PinnedTransport(url, undefined).send({ method: 'POST', path: '/' }, callThrough(refusing));
    await expect(send).rejects.toThrow('device.stale-epoch');
    expect(asked).toBe(0);
  });
});

describe('JSON of a device', () => {
  it('is measured as deep as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const depthOf = (one: unknown): number =>
          typeof one === 'object' && one !== null ? 1 + Math.max(0, ...Object.values(one).map(depthOf)) : 0;
        const [text, depth] = [JSON.stringify(value), depthOf(value)];
        expect(nestsDeeperThan(text, depth)).toBe(false);
        if (depth > 0) expect(nestsDeeperThan(text, depth - 1)).toBe(true);
      }),
    );
  });

  it('is parsed or undefined, never thrown over', () => {
    fc.assert(fc.property(fc.string(), (text) => void tryParseDeviceJson(text)));
    expect(tryParseDeviceJson('['.repeat(100_000))).toBeUndefined();
  });
});

describe('a tool', () => {
  const send = { device: 'tool', verb: 'run', target: 'x', mutating: false };
  const env = { SECRET: 'hidden' };

  it('gets its secret in the environment, and nothing else of ours', async () => {
    const answer = await runTool({ argv: ['env'], env, send }, callThrough(gate));
    const names = answer.stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
      .sort();
    expect(names).toEqual(['HOME', 'LC_ALL', 'PATH', 'SECRET']);
  });

  it('is ended at the deadline and when it prints too much', async () => {
    const slow = settle(async () => ({
      kind: 'done' as const,
      changed: false,
      observed: {
        value: await runTool({ argv: ['sleep', '30'], send }, callThrough(gate, 100)),
        at: callThrough(gate).deadline,
        source: '',
      },
    }));
    expect(await slow).toMatchObject({ kind: 'unknown', why: 'timeout' });
    await expect(runTool({ argv: ['yes'], send }, callThrough(gate))).rejects.toMatchObject({
      result: { kind: 'unknown' },
    });
  });
});
