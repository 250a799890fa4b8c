import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayWorld, PASSWORD } from './gateway-world.js';

let world: GatewayWorld;
let admin: string;

beforeAll(async () => {
  world = await GatewayWorld.start();
  admin = await world.signIn();
}, 60_000);
afterAll(() => world.close());

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
});
