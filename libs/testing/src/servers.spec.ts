import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from './fresh-database.js';
import { startNats, type NatsServer } from './nats-server.js';
import { OwnPostgres, startPostgres } from './postgres-server.js';
import { TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait-for.js';

async function valueOf(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

function connectAs(server: NatsServer, name?: string): Promise<NatsConnection> {
  const seed = new TextEncoder().encode(server.user(name).seed);
  return connect({ servers: server.url, authenticator: nkeyAuthenticator(seed), reconnect: false });
}

describe('the PostgreSQL of a run', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase('inventory', 'storage-identity');
  });
  afterAll(() => database.drop());

  it('is one server for everybody who asks', async () => {
    const [first, second] = await Promise.all([startPostgres(), startPostgres()]);
    expect(first.port).toBe(second.port);
    expect(first.port).toBe(database.port);
  });

  it('gives every suite a database with a role per schema', async () => {
    expect(await valueOf(database.url('storage-identity'), 'select current_schema()')).toBe('storage-identity');
    expect(await valueOf(database.url('inventory'), 'select current_user')).toBe(database.schema('inventory').role);
  });

  it('stores UTF-8 whatever the locale of the machine', async () => {
    expect(await valueOf(database.adminUrl, 'show server_encoding')).toBe('UTF8');
    expect(
      await valueOf(database.adminUrl, 'select datcollate from pg_database where datname = current_database()'),
    ).toBe('C');
  });
});

describe("a suite's own PostgreSQL", () => {
  it('keeps what was committed over an immediate stop', async () => {
    const server = await OwnPostgres.start({ durable: true });
    try {
      await valueOf(server.adminUrl, 'create table kept as select 42 as answer');
      for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
        await server.stop(signal);
        await expect(valueOf(server.adminUrl, 'select 1')).rejects.toThrow();
        await server.start();
        expect(await valueOf(server.adminUrl, 'select answer from kept')).toBe(42);
      }
    } finally {
      await server.destroy();
    }
  });
});

describe('a NATS server of a suite', () => {
  it('lets nobody in without a key', async () => {
    const server = await startNats();
    try {
      await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow();
      const connection = await connectAs(server);
      expect(connection.info?.jetstream).toBe(true);
      await connection.close();
    } finally {
      await server.destroy();
    }
  });

  it('holds every user to its allow-list', async () => {
    const server = await startNats({
      users: [{ name: 'power', publish: ['rw.evt.power.>'], subscribe: ['rw.cmd.power.>'] }],
    });
    const connection = await connectAs(server, 'power');
    try {
      const refused: string[] = [];
      void (async () => {
        for await (const status of connection.status()) if (status.type === 'error') refused.push(String(status.error));
      })();
      connection.publish('rw.evt.inventory.forged.v1');
      await connection.flush();
      await waitFor(() => refused.some((text) => text.includes('rw.evt.inventory.forged.v1')));
    } finally {
      await connection.close();
      await server.destroy();
    }
  });

  it('comes back on the same port after being killed', async () => {
    const server = await startNats();
    const url = server.url;
    await server.stop('SIGKILL');
    await expect(connectAs(server)).rejects.toThrow();
    await server.start();
    expect(server.url).toBe(url);
    await (await connectAs(server)).close();
    await server.destroy();
  });
});

describe('a link that breaks', () => {
  it('loses the answer of the server and counts it', async () => {
    const { port, adminUrl } = await startPostgres();
    const proxy = await TcpProxy.start({ targetPort: port });
    try {
      const client = new pg.Client({ connectionString: adminUrl.replace(`:${port}`, `:${proxy.port}`) });
      client.on('error', () => undefined);
      await client.connect();
      proxy.onClientData((data, link) => data.includes('select 7') && link.loseAnswer());
      await expect(client.query('select 7')).rejects.toThrow('terminated');
      expect(proxy.fired.lostAnswers).toBe(1);
    } finally {
      await proxy.close();
    }
  });
});
