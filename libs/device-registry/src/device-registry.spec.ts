import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@rackwright/kernel';
import { Database, migrate } from '@rackwright/persistence';
import { freshDatabase, waitFor, type TestDatabase } from '@rackwright/testing';
import { deviceRegistryMigrations } from './device-registry.migrations.js';
import { DeviceStore, type DeviceToPut } from './device.store.js';
import { DriverPool } from './driver-pool.js';
import { sealCredential, SealingKeys } from './sealing.js';
import { Vault } from './vault.js';

const PASSWORD = 'a-secret-nobody-may-see';

describe('the vault', () => {
  const vault = new Vault(new SeededRandom(3).bytes(32), new SeededRandom(4));
  it('opens what it closed, in its place only', () => {
    const text = vault.encrypt(PASSWORD, 'power/bmc/a');
    expect(text).not.toContain(PASSWORD);
    expect(vault.decrypt(text, 'power/bmc/a')).toBe(PASSWORD);
    expect(() => vault.decrypt(text, 'power/bmc/b')).toThrow('cannot be opened');
    expect(() => new Vault(new SeededRandom(9).bytes(32), new SeededRandom(4)).decrypt(text, 'power/bmc/a')).toThrow(
      'cannot be opened',
    );
  });
});

describe('registered devices', () => {
  let home: TestDatabase;
  let database: Database;
  let store: DeviceStore;
  let sealed: string;
  const device = (more: Partial<DeviceToPut> = {}): DeviceToPut => ({
    kind: 'bmc',
    name: 'bmc-1',
    driver: 'redfish',
    address: '127.0.0.2:443',
    trust: { kind: 'first-use' },
    sealedCredential: sealed,
    ...more,
  });
  const put = (more: Partial<DeviceToPut> = {}) => database.transaction((tx) => store.put(tx, device(more)));

  beforeAll(async () => {
    home = await freshDatabase('power');
    await migrate(home.url('power'), { schema: 'power', migrations: deviceRegistryMigrations });
    database = await Database.open({
      url: home.url('power'),
      schema: 'power',
      applicationName: 'device-registry-spec',
    });
    const vault = new Vault(new SeededRandom(1).bytes(32), new SeededRandom(2));
    const keys = await SealingKeys.open(database, vault, 'power');
    store = new DeviceStore('power', database, vault, keys);
    sealed = await sealCredential({ username: 'root', password: PASSWORD }, store.publicKey);
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  it('keep their credential readable for a driver and for nobody who reads the tables', async () => {
    expect(await put()).toBe('created');
    expect((await store.reach('bmc', 'bmc-1')).endpoint.credential).toEqual({ username: 'root', password: PASSWORD });
    const rows = JSON.stringify(await database.query('SELECT * FROM devices, sealing_keys'));
    expect(rows).not.toContain(PASSWORD);
  });

  it('are not changed by being put again, and are by an edit', async () => {
    sealed = await sealCredential({ username: 'root', password: PASSWORD }, store.publicKey);
    expect(await put()).toBe('unchanged');
    expect(await put({ name: 'other' })).toBe('address-taken');
    expect(await put({ options: { cipher: '3', bus: 'lan' } })).toBe('changed');
    // The database keeps fields in an order of its own.
    expect(await put({ options: { cipher: '3', bus: 'lan' } })).toBe('unchanged');
  });

  it('refuse a credential that was sealed to somebody else', async () => {
    await expect(put({ sealedCredential: 'e30.e30.e30.e30.e30' })).rejects.toMatchObject({
      code: 'device-registry.cannot-unseal',
    });
  });

  it('pin the first certificate and make a new connection for it', async () => {
    const closed: string[] = [];
    const pool = new DriverPool(store, 'bmc', ({ endpoint }) => ({
      trust: endpoint.trust,
      identify: () => Promise.reject(new Error('not asked here')),
      close: () => Promise.resolve(void closed.push(endpoint.trust?.kind ?? 'none')),
    }));
    const first = await pool.get('bmc-1');
    if (first.trust?.kind === 'first-use') first.trust.onFirstUse('ab'.repeat(32));
    await waitFor(async () => (await store.get('bmc', 'bmc-1'))?.pinned !== null, { withinMs: 2_000 });
    const second = await pool.get('bmc-1');
    expect(second.trust).toEqual({ kind: 'pin', sha256: 'ab'.repeat(32) });
    expect(closed).toEqual(['first-use']);
    expect(await pool.get('bmc-1')).toBe(second);
    await pool.close();
  });
});
