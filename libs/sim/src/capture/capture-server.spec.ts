import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { serveCapture, type CaptureServer } from './index.js';

const credential = { username: 'me', password: 'secret' };
const SESSIONS = '/redfish/v1/SessionService/Sessions';

describe('serving a capture', () => {
  let folder: string;
  let server: CaptureServer | undefined;
  let agent: Agent | undefined;

  const put = (path: string, body: unknown): void => {
    const file = join(folder, path, 'index.json');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(body));
  };
  const serve = async (root = '', more = {}): Promise<void> => {
    put(root, { '@odata.id': '/redfish/v1' });
    put(join(root, 'Systems/One'), { '@odata.id': '/redfish/v1/Systems/One', '@odata.etag': 'W/"5"' });
    put(join(root, 'Gone'), {
      error: {
        code: 'Base.1.0.GeneralError',
        '@Message.ExtendedInfo': [{ MessageId: 'Base.1.0.ResourceMissingAtURI' }],
      },
    });
    server = await serveCapture({ folder, credential, ...more });
    agent = new Agent({ connect: { ca: server.certificate.certPem } });
  };
  const send = async (method: 'GET' | 'POST' | 'DELETE' | 'PATCH', path: string, headers = {}, body?: unknown) => {
    const answer = await request(`${server?.url}${path}`, {
      ...(agent && { dispatcher: agent }),
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await answer.body.dump();
    return answer;
  };
  const login = async (password = credential.password) =>
    send('POST', SESSIONS, {}, { UserName: 'me', Password: password });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capture-'));
  });
  afterEach(async () => {
    await agent?.close();
    await server?.close();
    [agent, server] = [undefined, undefined];
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(['', 'redfish/v1'])('finds the service root in the folder or below %j', async (root) => {
    await serve(root);
    expect((await send('GET', '/redfish/v1/')).statusCode).toBe(200);
  });

  it('asks for a session for everything but the root, and ends it', async () => {
    await serve();
    expect((await send('GET', '/redfish/v1/Systems/One')).statusCode).toBe(401);
    expect((await login('wrong')).statusCode).toBe(401);
    const session = await login();
    const token = { 'x-auth-token': String(session.headers['x-auth-token']) };
    const read = await send('GET', '/redfish/v1/systems/one/', token);
    expect([read.statusCode, read.headers['etag']]).toEqual([200, 'W/"5"']);
    expect((await send('DELETE', String(session.headers['location']), token)).statusCode).toBe(204);
    expect((await send('GET', '/redfish/v1/Systems/One', token)).statusCode).toBe(401);
  });

  it('takes basic authentication only where it is allowed', async () => {
    await serve('', { basicAllowed: true });
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect((await send('GET', '/redfish/v1/Systems/One', { authorization })).statusCode).toBe(200);
  });

  it('answers 404 for what the capture lacks, for captured errors and outside the folder, and 405 for writes', async () => {
    await serve('', { credential: undefined });
    const status = async (path: string): Promise<number> => (await send('GET', path)).statusCode;
    expect(await status('/redfish/v1/Nothing')).toBe(404);
    expect(await status('/redfish/v1/Gone')).toBe(404);
    expect(await status('/redfish/v1/%2e%2e/%2e%2e/etc/passwd')).toBe(404);
    expect((await send('PATCH', '/redfish/v1/Systems/One', {}, {})).statusCode).toBe(405);
  });

  it('refuses a session when the limit is reached', async () => {
    await serve('', { sessionsMax: 1 });
    expect((await login()).statusCode).toBe(201);
    expect((await login()).statusCode).toBe(503);
  });

  it('says that a folder is no capture', async () => {
    await expect(serveCapture({ folder })).rejects.toMatchObject({ code: 'sim.not-a-capture' });
  });
});
