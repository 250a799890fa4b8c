import { describe, expect, it } from '@jest/globals';
import { isAppError } from '@rackwright/kernel';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { readRequest } from './launcher.config.js';
import { choosePort } from './ports.js';

const environment = { RACKWRIGHT_PROJECT_ROOT: '/srv/rackwright', INIT_CWD: '/home/kim', PATH: '/bin' };

function configOf(args: readonly string[], more: Record<string, string> = {}) {
  const request = readRequest(args, { ...environment, ...more });
  if (request.kind !== 'start') throw new Error(`unexpected ${request.kind}`);
  return request.config;
}

describe('the command line of the launcher', () => {
  it('keeps everything in the project unless told otherwise', () => {
    expect(configOf([])).toMatchObject({
      dataFolder: '/srv/rackwright/.rackwright/data',
      port: { number: 7480, explicit: false },
      simulator: true,
      timeScale: 1,
    });
  });

  it('takes paths from where the user stands', () => {
    expect(configOf(['--data-dir', 'rw', '--site', '../site.yaml'])).toMatchObject({
      dataFolder: '/home/kim/rw',
      site: '/home/site.yaml',
    });
  });

  it.each([['--port', 'x'], ['--port', '70000'], ['--scale', '0'], ['--frsh'], ['surplus']])(
    'refuses %s %s',
    (...args) => {
      const refused = ((): unknown => {
        try {
          return readRequest(args, environment);
        } catch (error) {
          return error;
        }
      })();
      expect(isAppError(refused, 'launcher.usage')).toBe(true);
    },
  );

  it('hands no secret of its own surroundings on to the services', () => {
    const { inherited, databaseUrl } = configOf([], { DATABASE_URL: 'postgresql://admin@db/x' });
    expect(databaseUrl).toBe('postgresql://admin@db/x');
    expect(inherited).toEqual(environment);
  });
});

describe('the port of the gateway', () => {
  it('is the next free one when the default is taken, and an error when it was named', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    expect(await choosePort({ number: port, explicit: false })).toBeGreaterThan(port);
    await expect(choosePort({ number: port, explicit: true })).rejects.toMatchObject({ code: 'launcher.port-busy' });
    taken.close();
  });
});
