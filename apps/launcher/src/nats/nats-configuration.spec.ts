import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SERVICES } from '@rackwright/contracts';
import { SeededRandom } from '@rackwright/kernel';
import { statSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secrets } from '../data-folder/secrets.js';
import { natsConfiguration } from './nats-configuration.js';
import { natsUsers, type NatsUser } from './nats-users.js';

interface Configuration {
  readonly listen: string;
  readonly authorization: {
    readonly users: readonly { readonly nkey: string; readonly permissions: { publish: { allow: string[] } } }[];
  };
}

describe('the configuration of the embedded message server', () => {
  let folder: string;
  let users: NatsUser[];
  let configuration: Configuration;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rw-nats-'));
    users = natsUsers(SERVICES, new Secrets(join(folder, 'secrets.json'), new SeededRandom(1)), folder);
    configuration = JSON.parse(natsConfiguration({ port: 4222, folder, users })) as Configuration;
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function mayPublish(service: string): string[] {
    const nkey = users.find((user) => user.service === service)?.publicKey;
    return configuration.authorization.users.find((user) => user.nkey === nkey)?.permissions.publish.allow ?? [];
  }

  it('listens on loopback and lets nobody in without a key of its own', () => {
    expect(configuration.listen).toBe('127.0.0.1:4222');
    expect(new Set(configuration.authorization.users.map(({ nkey }) => nkey)).size).toBe(SERVICES.length);
  });

  it('gives every service the same key on every start', () => {
    const again = natsUsers(SERVICES, new Secrets(join(folder, 'secrets.json'), new SeededRandom(2)), folder);
    expect(again).toEqual(users);
    expect(statSync(users[0]?.seedFile ?? '').mode & 0o777).toBe(0o600);
  });

  it('does not let the gateway move hardware', () => {
    expect(mayPublish('gateway')).toContain('rw.cmd.saga-coordinator.execute-plan.v1');
    expect(mayPublish('gateway')).not.toContain('rw.cmd.power.ensure-off.v1');
  });

  it('does not let the owner of one kind of device command another', () => {
    expect(mayPublish('network').filter((subject) => subject.startsWith('rw.cmd.'))).toEqual([]);
    expect(mayPublish('saga-coordinator')).toContain('rw.cmd.network.open-ports.v1');
  });
});
