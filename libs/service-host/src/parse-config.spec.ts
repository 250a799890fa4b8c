import { describe, expect, it } from '@jest/globals';
import { readServiceConfig } from './service.config.js';

const complete = {
  DATABASE_URL: 'postgres://power:pw@127.0.0.1:5432/rackwright',
  NATS_URL: 'nats://127.0.0.1:4222',
  NATS_NKEY_SEED_FILE: '/run/power.nk',
};

function failureOf(environment: Record<string, string>): string {
  try {
    readServiceConfig(environment);
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the configuration of a service', () => {
  it('needs no more than the database, NATS and a key', () => {
    expect(readServiceConfig({ ...complete, HEALTH_PORT: '' })).toMatchObject({
      database: { url: complete.DATABASE_URL, poolMax: 10 },
      nats: { url: complete.NATS_URL, seedFile: '/run/power.nk' },
      health: { host: '127.0.0.1', port: 0 },
      logLevel: 'info',
    });
  });

  it('names every variable that is missing, at once', () => {
    expect(failureOf({})).toBe(
      'the configuration is not complete: DATABASE_URL is not set; NATS_URL is not set; NATS_NKEY_SEED_FILE is not set',
    );
  });

  it.each([
    ['DATABASE_URL', 'mysql://power:hunter2@db/x', 'must be a URL that starts with postgres:// or postgresql://'],
    ['DATABASE_POOL_MAX', '0', 'must be a whole number from 1 to 1000'],
    ['DATABASE_POOL_MAX', 'many', 'must be a whole number from 1 to 1000'],
    ['NATS_URL', 'localhost:4222', 'must be one or more nats:// or tls:// addresses'],
    ['HEALTH_PORT', '70000', 'must be a whole number from 0 to 65535'],
    ['RACKWRIGHT_LOG_LEVEL', 'loud', 'Invalid option'],
  ])('says what is wrong with %s=%s, without repeating it', (name, value, text) => {
    const failure = failureOf({ ...complete, [name]: value });
    expect(failure).toContain(`${name} `);
    expect(failure).toContain(text);
    expect(failure).not.toContain('hunter2');
  });
});
