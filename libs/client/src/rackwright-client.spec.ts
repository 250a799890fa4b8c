import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isAppError, SystemClock } from '@rackwright/kernel';
import { problemOf, RackwrightClient, type ApiEvent, type Server } from './index.js';
import { aPlan, aRun, aServer, ContractServer, PASSWORD, problem, TOKEN } from './testing/index.js';

describe('the client', () => {
  let server: ContractServer;
  let client: RackwrightClient;

  beforeEach(async () => {
    server = await ContractServer.start();
    // Pauses are real, but short.
    client = RackwrightClient.to({ url: server.url, token: TOKEN, clock: new SystemClock(50) });
  });

  afterEach(() => server.close());

  it('signs in and acts as that user from then on', async () => {
    const anonymous = RackwrightClient.to({ url: server.url });
    const session = await anonymous.signIn('admin', PASSWORD);
    server.on('GET /me', () => ({ body: { name: 'admin' } }));
    await expect(anonymous.withToken(session.token).me()).resolves.toEqual({ name: 'admin' });
    await expect(anonymous.me()).rejects.toMatchObject({ code: 'not-signed-in' });
  });

  it('goes through all pages of a list, and fetches no page that nobody asked for', async () => {
    server.items.set(
      'servers',
      [1, 2, 3, 4, 5].map((n) => aServer({ name: `blade-${n}` })),
    );
    const names: string[] = [];
    for await (const { name } of client.list<Server>('servers', { limit: 2, pool: 'blades' })) names.push(name);
    expect(names).toEqual(['blade-1', 'blade-2', 'blade-3', 'blade-4', 'blade-5']);
    expect(server.asked('GET /servers').map(({ query }) => query['cursor'])).toEqual([undefined, '2', '4']);
    expect(server.asked('GET /servers').every(({ query }) => query['pool'] === 'blades')).toBe(true);
    await client.list<Server>('servers', { limit: 2 }).next();
    expect(server.asked('GET /servers')).toHaveLength(4);
  });

  it('makes an error of a problem, with code, cause, action and places', async () => {
    const errors = [{ pointer: '/0/spec/vlan', code: 'vlan-taken', detail: 'VLAN 20 is taken', line: 7, column: 3 }];
    server.on('POST /documents/apply', () =>
      problem(422, 'invalid-documents', 'one is wrong', { errors, cause: 'VLAN 20', action: 'choose another' }),
    );
    const error: unknown = await client.applyDocuments('kind: Network').catch((caught: unknown) => caught);
    expect(isAppError(error, 'invalid-documents')).toBe(true);
    expect(problemOf(error)).toEqual({
      status: 422,
      title: 'Problem',
      cause: 'VLAN 20',
      action: 'choose another',
      errors,
    });
    expect(server.asked('POST /documents/apply')[0]?.headers['content-type']).toBe('application/yaml');
  });

  it('gives a code to answers that are no problem document', async () => {
    server.refuse({ status: 403, body: '<html>no</html>', headers: { 'content-type': 'text/html' } });
    await expect(client.status()).rejects.toMatchObject({ code: 'forbidden' });
    server.refuse({ status: 200, body: '<html>hello</html>' });
    await expect(client.status()).rejects.toMatchObject({ code: 'client.bad-answer' });
  });

  it('tries a read again after 503, as late as Retry-After says', async () => {
    server.on('GET /servers/blade-1', () => ({ body: aServer() }));
    const busy = { ...problem(503, 'service-unavailable', 'later'), headers: { 'retry-after': '2' } };
    server.refuse(busy, busy);
    const startedMs = performance.now();
    await expect(client.server('blade-1')).resolves.toMatchObject({ name: 'blade-1' });
    expect(server.refusalsGiven).toBe(2);
    // Two pauses of 2 s on a clock 50 times as fast.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(75);
  });

  it('starts a run under one key, however often it has to ask', async () => {
    server.on('POST /plans/pln_1/runs', () => ({ status: 202, body: { runId: 'run_1' } }));
    server.refuse({ ...problem(503, 'service-unavailable', 'later'), headers: { 'retry-after': '0' } });
    await expect(client.runs.start('pln_1')).resolves.toEqual({ runId: 'run_1' });
    expect(server.refusalsGiven).toBe(1);
    const keys = server.asked('POST /plans/pln_1/runs').map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it('never sends a verb twice', async () => {
    server.refuse(problem(503, 'service-unavailable', 'later'));
    await expect(client.runs.cancel('run_1', 'wrong server')).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(server.requests).toHaveLength(1);
  });

  it('says that nobody answers, and that an answer takes too long', async () => {
    const gone = await ContractServer.start();
    const freed = gone.url;
    await gone.close();
    const nobody = RackwrightClient.to({ url: freed, token: TOKEN });
    await expect(nobody.status()).rejects.toMatchObject({
      code: 'client.unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    server.on('GET /status', () => new Promise(() => undefined));
    const hasty = RackwrightClient.to({ url: server.url, token: TOKEN, timeoutMs: 50 });
    await expect(hasty.status()).rejects.toMatchObject({ code: 'client.timeout' });
  });

  it('waits for the end of a run with answers the server holds', async () => {
    server.onSequence('GET /runs/run_1', [aRun('running'), aRun('retrying'), aRun('done')]);
    await expect(client.runs.wait('run_1')).resolves.toMatchObject({ state: 'done' });
    expect(server.asked('GET /runs/run_1').map(({ headers }) => headers['prefer'])).toEqual([
      undefined,
      'wait=20',
      'wait=20',
    ]);
  });

  it('stops waiting when the time is up, and leaves the run alone', async () => {
    server.on('GET /runs/run_1', () => ({ body: aRun('running') }));
    await expect(client.runs.wait('run_1', { timeoutMs: 2000 })).rejects.toMatchObject({ code: 'client.wait-timeout' });
    expect(server.requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('follows a run through a gateway that is away for a moment', async () => {
    server.onSequence('GET /runs/run_1', [aRun('running'), aRun('running'), aRun('undone')]);
    const states: string[] = [];
    for await (const run of client.runs.follow('run_1')) {
      states.push(run.state);
      if (states.length === 1) server.refuse(...Array.from({ length: 6 }, () => problem(503, 'unavailable', 'away')));
    }
    expect(states).toEqual(['running', 'undone']);
    expect(server.refusalsGiven).toBe(6);
  });

  it('resumes events after the last one seen when the link breaks, without a gap or a repeat', async () => {
    server.emit(1, { type: 'run-started', data: { runId: 'run_1' } });
    server.emit(2, { type: 'run-ended', data: { runId: 'run_1' } });
    const stop = new AbortController();
    const seen: ApiEvent[] = [];
    for await (const event of client.events({ from: 1, signal: stop.signal })) {
      seen.push(event);
      if (event.id === 2) {
        expect(server.breakStreams()).toBe(1);
        server.emit(3, { type: 'profile-associated' });
      }
      if (event.id === 3) stop.abort();
    }
    expect(seen.map(({ id, type }) => [id, type])).toEqual([
      [1, 'run-started'],
      [2, 'run-ended'],
      [3, 'profile-associated'],
    ]);
    const [first, second] = server.asked('GET /events');
    expect(first?.query).toEqual({ from: '1' });
    expect(second?.headers['last-event-id']).toBe('2');
  });

  it('connects anew when a stream has gone silent', async () => {
    const stop = new AbortController();
    const events = client.events({ signal: stop.signal, silenceMs: 2000 });
    const next = events.next();
    for (let look = 0; server.asked('GET /events').length < 2 && look < 500; look++)
      await client.status().catch(() => 0);
    expect(server.asked('GET /events').length).toBeGreaterThanOrEqual(2);
    stop.abort();
    await next;
  });

  it('fails at once when the first call for events is refused', async () => {
    const stranger = RackwrightClient.to({ url: server.url, token: 'stolen' });
    await expect(stranger.events().next()).rejects.toMatchObject({ code: 'not-signed-in' });
  });

  it('does not let a name break out of its place in the address', async () => {
    await expect(client.server('../plans?x=1#')).rejects.toMatchObject({ code: 'not-found' });
    expect(server.requests[0]?.path).toBe('/servers/..%2Fplans%3Fx%3D1%23');
  });

  it('makes plans by name', async () => {
    server.on('POST /plans', ({ text }) => ({ status: 201, body: aPlan({ request: JSON.parse(text) }) }));
    await expect(client.createPlan({ kind: 'migrate', profile: 'mail-1', server: 'blade-7' })).resolves.toMatchObject({
      request: { kind: 'migrate', profile: 'mail-1', server: 'blade-7' },
    });
  });
});
