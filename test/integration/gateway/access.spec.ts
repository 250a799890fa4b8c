import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '@rackwright/persistence';
import { waitFor } from '@rackwright/testing';
import { GatewayWorld, PASSWORD } from './gateway-world.js';

const ROLES = ['viewer', 'operator', 'approver', 'administrator'] as const;
type Role = (typeof ROLES)[number];

let world: GatewayWorld;
let admin: string;
const tokens = new Map<Role, string>();

beforeAll(async () => {
  world = await GatewayWorld.start();
  admin = await world.signIn();
  for (const role of ROLES) {
    const made = await world.call('POST', '/api/v1/tokens', { token: admin, body: { name: `a-${role}`, role } });
    expect(made.status).toBe(201);
    tokens.set(role, String(made.body['token']));
  }
}, 60_000);
afterAll(() => world.close());

interface Operation {
  readonly operationId: string;
  readonly 'x-required-role'?: Role;
}

/** These answer for long, or end the session that asks. */
const ASKED_ONCE = ['fenceServer', 'getStatus', 'signOut', 'followEvents'];

describe('routes', () => {
  it('let in exactly who has the role', async () => {
    const { body } = await world.call('GET', '/api/v1/openapi.json');
    const paths = body['paths'] as Record<string, Record<string, Operation>>;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
    );
    expect(operations.length).toBeGreaterThan(40);
    for (const { path, method, operationId, 'x-required-role': needs } of operations) {
      if (needs === undefined) continue;
      const concrete = path.replace(/\{[a-zA-Z]+\}/g, 'nothing-of-this-name');
      expect({ operationId, status: (await world.call(method, concrete)).status }).toEqual({
        operationId,
        status: 401,
      });
      if (ASKED_ONCE.includes(operationId)) continue;
      for (const role of ROLES) {
        const { status } = await world.call(method, concrete, { token: tokens.get(role) ?? '' });
        const isIn = ROLES.indexOf(role) >= ROLES.indexOf(needs);
        expect({ operationId, role, isIn: status !== 403 }).toEqual({ operationId, role, isIn });
      }
    }
  });
});

describe('signing in', () => {
  it('gives a token that works until it is signed out', async () => {
    const token = await world.signIn();
    const me = await world.call('GET', '/api/v1/me', { token });
    expect(me.body).toMatchObject({ name: 'admin', role: 'administrator', kind: 'user' });
    expect((await world.call('DELETE', '/api/v1/sessions/current', { token })).status).toBe(204);
    const after = await world.call('GET', '/api/v1/me', { token });
    expect(after.status).toBe(401);
    expect(after.headers.get('www-authenticate')).toContain('Bearer');
    expect(after.body).toMatchObject({ status: 401, code: 'not-signed-in' });
  });

  it('says the same of an unknown user and of a wrong password, and makes guessing wait', async () => {
    const guess = (username: string) =>
      world.call('POST', '/api/v1/sessions', { body: { username, password: 'a wrong guess' } });
    const unknown = await guess('nobody');
    const wrong = await guess('admin');
    expect([unknown.status, unknown.body['detail']]).toEqual([401, wrong.body['detail']]);
    const answers = await Promise.all(Array.from({ length: 8 }, () => guess('somebody')));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    const blocked = answers.filter(({ status }) => status === 429);
    expect(blocked).toHaveLength(3);
    expect(Number(blocked[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    // Others are not kept waiting by it.
    await world.signIn();
  });

  it('leaves no secret in the log and none in clear in the database', async () => {
    const [{ dump } = { dump: '' }] = await rows();
    for (const secret of [PASSWORD, admin, tokens.get('viewer') ?? '?']) {
      expect(world.log.join('')).not.toContain(secret);
      expect(dump).not.toContain(secret);
    }
  });
});

async function rows(): Promise<{ dump: string }[]> {
  const database = await Database.open({
    url: world.databases.url('gateway'),
    schema: 'gateway',
    applicationName: 'gateway-spec',
  });
  try {
    return await database.query(
      `SELECT concat((SELECT json_agg(u) FROM users u), (SELECT json_agg(s) FROM sessions s), (SELECT json_agg(t) FROM tokens t)) AS dump`,
    );
  } finally {
    await database.close();
  }
}

describe('API tokens', () => {
  it('are shown once, are revoked at once, and have names of their own', async () => {
    const make = () => world.call('POST', '/api/v1/tokens', { token: admin, body: { name: 'ci', role: 'viewer' } });
    const made = await make();
    expect((await make()).body).toMatchObject({ status: 409, code: 'token-name-taken' });
    const list = await world.call('GET', '/api/v1/tokens', { token: admin });
    expect(list.text).not.toContain(String(made.body['token']));
    const token = String(made.body['token']);
    expect((await world.call('GET', '/api/v1/me', { token })).body).toMatchObject({ name: 'ci', kind: 'token' });
    expect((await world.call('DELETE', `/api/v1/tokens/${String(made.body['id'])}`, { token: admin })).status).toBe(
      204,
    );
    expect((await world.call('GET', '/api/v1/me', { token })).status).toBe(401);
  });

  it('end when they expire', async () => {
    const expiresAt = new Date(performance.timeOrigin + performance.now() + 700).toISOString();
    const body = { name: 'short', role: 'viewer', expiresAt };
    const token = String((await world.call('POST', '/api/v1/tokens', { token: admin, body })).body['token']);
    await waitFor(async () => (await world.call('GET', '/api/v1/me', { token })).status === 401, { withinMs: 5_000 });
  });
});
