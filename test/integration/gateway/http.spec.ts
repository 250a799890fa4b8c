import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@rackwright/testing';
import { createParser } from 'eventsource-parser';
import { GatewayWorld } from './gateway-world.js';
import { sendTenMegabytes } from './ten-megabytes.js';

let world: GatewayWorld;
let token: string;

beforeAll(async () => {
  world = await GatewayWorld.start();
  token = await world.signIn();
}, 60_000);
afterAll(() => world.close());

describe('problems', () => {
  it.each([
    ['a route that is not there', 'GET', '/api/v1/nothing', {}, 404, 'unknown-route'],
    ['a path outside of the API', 'GET', '/', {}, 404, 'unknown-route'],
    ['a method that is not there', 'PUT', '/api/v1/servers', {}, 404, 'unknown-route'],
    ['malformed JSON', 'POST', '/api/v1/sessions', { raw: '{"username": ' }, 400, 'malformed-json'],
    [
      'another media type',
      'POST',
      '/api/v1/sessions',
      { raw: 'a=1', type: 'text/plain' },
      415,
      'unsupported-media-type',
    ],
    [
      'YAML where none is taken',
      'POST',
      '/api/v1/plans',
      { raw: 'a: 1', type: 'application/yaml' },
      415,
      'unsupported-media-type',
    ],
    [
      'an unknown field',
      'POST',
      '/api/v1/sessions',
      { body: { username: 'a', password: 'b', x: 1 } },
      422,
      'invalid-request',
    ],
    ['a bad limit', 'GET', '/api/v1/servers?limit=0', {}, 422, 'invalid-request'],
    ['an unknown query parameter', 'GET', '/api/v1/servers?lifecicle=x', {}, 422, 'invalid-request'],
    ['an unknown server', 'GET', '/api/v1/servers/nobody', {}, 404, 'unknown-server'],
    ['an unknown profile', 'GET', '/api/v1/profiles/nobody', {}, 404, 'unknown-profile'],
    ['an unknown switch', 'GET', '/api/v1/switches/nobody/ports', {}, 404, 'unknown-switch'],
    ['a run id that is none', 'GET', '/api/v1/runs/xyz', {}, 404, 'unknown-run'],
    ['a start without a key', 'POST', '/api/v1/plans/pln_1/runs', {}, 400, 'idempotency-key-missing'],
  ])('answer %s in one form', async (...row) => {
    const [, method, path, options, status, code] = row;
    const answer = await world.call(method, path, { token, ...options });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({
      type: `urn:rackwright:problem:${code}`,
      status,
      code,
      title: expect.any(String),
      detail: expect.any(String),
      instance: `urn:rackwright:request:${answer.headers.get('x-request-id')}`,
    });
    expect(answer.status).toBe(status);
  });

  it('name the service that does not answer, and when to try again', async () => {
    const answer = await world.call('GET', '/api/v1/runs', { token });
    expect(answer.body).toMatchObject({ status: 503, code: 'service-unavailable', service: 'saga-coordinator' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('come with headers that browsers need and none that tell what runs here', async () => {
    const { headers } = await world.call('GET', '/api/v1/healthz');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('a body of 10 MB', () => {
  it.each([false, true])('is refused before it is read (chunked: %s)', async (isChunked) => {
    const { status, sentBytes, body } = await sendTenMegabytes(world.url, token, isChunked);
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ code: 'body-too-large' });
    expect(sentBytes).toBeLessThan(9 * 1024 * 1024);
    expect((await world.call('GET', '/api/v1/healthz')).status).toBe(200);
  });
});

describe('an Idempotency-Key', () => {
  it('gives repeats the answer of the first, and another request a refusal', async () => {
    const site = (name: string) => `{apiVersion: rackwright/v1, kind: Site, metadata: {name: ${name}}}`;
    const apply = (name: string, key: string) =>
      world.call('POST', '/api/v1/documents/apply', {
        token,
        raw: site(name),
        type: 'application/yaml',
        headers: { 'idempotency-key': key },
      });
    const first = await apply('one', 'k1');
    expect(first.body).toMatchObject({ results: [{ action: 'create' }] });
    const again = await apply('one', 'k1');
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await apply('two', 'k1')).body).toMatchObject({ status: 422, code: 'idempotency-key-reused' });
    expect((await apply('one', 'k2')).body).toMatchObject({ results: [{ action: 'unchanged' }] });
    const both = await Promise.all([apply('three', 'k3'), apply('three', 'k3')]);
    const created = both.filter(({ body }) => JSON.stringify(body).includes('"create"'));
    expect(created.length).toBeGreaterThan(0);
    const others = both.filter(({ status }) => status !== 200);
    for (const { body } of others) expect(body).toMatchObject({ status: 409, code: 'idempotency-key-in-progress' });
  });
});

interface Feed {
  readonly ids: string[];
  readonly names: string[];
  readonly close: () => void;
}

async function follow(query: string, lastId?: string): Promise<Feed> {
  const abort = new AbortController();
  const response = await fetch(`${world.url}/api/v1/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...(lastId !== undefined && { 'last-event-id': lastId }) },
    signal: abort.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const feed = { ids: [] as string[], names: [] as string[], close: () => abort.abort() };
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      const { type, data: about } = JSON.parse(data) as { type?: string; data?: { network?: string } };
      if (id !== undefined) feed.ids.push(id);
      feed.names.push(event ?? about?.network ?? type ?? '?');
    },
  });
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) parser.feed(Buffer.from(chunk as Uint8Array).toString());
  };
  read().catch(() => undefined);
  return feed;
}

describe('the event stream', () => {
  const network = (name: string, vlan: number) =>
    world.yaml(
      '/api/v1/documents/apply',
      `{apiVersion: rackwright/v1, kind: Network, metadata: {name: ${name}}, spec: {vlan: ${vlan}}}`,
      token,
    );

  it('shows what happens, and resumes after the last event that was received', async () => {
    const feed = await follow('?from=1&type=network-defined');
    expect((await network('red', 101)).status).toBe(200);
    await waitFor(() => feed.names.includes('red'), { withinMs: 10_000 });
    feed.close();
    expect((await network('green', 102)).status).toBe(200);
    expect((await network('blue', 103)).status).toBe(200);
    const resumed = await follow('?type=network-defined', feed.ids.at(-1));
    await waitFor(() => resumed.names.length >= 2, { withinMs: 10_000 });
    expect(resumed.names).toEqual(['green', 'blue']);
    expect(resumed.ids.map(Number)).toEqual([...resumed.ids].map(Number).sort((left, right) => left - right));
    resumed.close();
  });

  it('says that there is a gap when it is asked for what is not there', async () => {
    const feed = await follow('', '999999');
    await waitFor(() => feed.names.includes('gap'), { withinMs: 10_000 });
    feed.close();
  });

  it('refuses an id that is none', async () => {
    const answer = await world.call('GET', '/api/v1/events', { token, headers: { 'last-event-id': 'x' } });
    expect(answer.body).toMatchObject({ status: 422 });
  });
});

describe('the description of the API', () => {
  it('is complete: every operation is named once, tagged, and tells its problems', async () => {
    const { body, status } = await world.call('GET', '/api/v1/openapi.json');
    expect(status).toBe(200);
    expect(body['openapi']).toBe('3.1.0');
    const paths = body['paths'] as Record<string, Record<string, Record<string, unknown>>>;
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map((operation) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    for (const operation of operations) {
      expect(operation).toMatchObject({ tags: [expect.any(String)], summary: expect.any(String) });
      const statuses = Object.keys(operation['responses'] as object);
      expect(statuses.some((code) => code.startsWith('2'))).toBe(true);
      if (operation['security'] === undefined) expect(statuses).toEqual(expect.arrayContaining(['401', '403']));
    }
    const references = [...JSON.stringify(body).matchAll(/"#\/components\/(\w+)\/(\w+)"/g)];
    const components = body['components'] as Record<string, Record<string, unknown>>;
    for (const [, group = '', name = ''] of references) expect(components[group]).toHaveProperty(name);
  });

  it('is shown by a page that needs nothing from outside', async () => {
    const page = await world.call('GET', '/api/v1/docs');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).not.toMatch(/https?:\/\//);
    const script = await world.call('GET', '/api/v1/docs/swagger-ui-bundle.js');
    expect([script.status, script.headers.get('content-type')]).toEqual([200, expect.stringContaining('javascript')]);
    expect((await world.call('GET', '/api/v1/docs/package.json')).status).toBe(404);
  });
});
