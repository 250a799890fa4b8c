import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseMac, SeededRandom } from '@rackwright/kernel';
import { Database, migrate } from '@rackwright/persistence';
import { freshDatabase, type TestDatabase } from '@rackwright/testing';
import { hasPrefix, iqnFor, macAt, prefixProblem, randomPrefix, wwnnAt, wwpnAt } from './generate.js';
import { type AssignRequest, identityPoolMigrations, IdentityStore } from './identity.store.js';
import { parseIqn } from '@rackwright/kernel';

const DAY_MS = 86_400_000;
const macRequest = (owner: string, slot: string, explicit?: string): AssignRequest => ({
  kind: 'mac',
  owner,
  slot,
  make: macAt,
  inside: hasPrefix,
  ...(explicit !== undefined && { explicit }),
});

describe('generated identities', () => {
  it('come from locally administered unicast prefixes only, and never from one somebody is known to use', () => {
    const random = new SeededRandom(5);
    for (let index = 0; index < 500; index++) expect(prefixProblem(randomPrefix(random))).toBeUndefined();
    expect(prefixProblem('00:25:b5')).toBe('prefix-not-local');
    expect(prefixProblem('03:00:00')).toBe('prefix-not-local');
    expect(prefixProblem('52:54:00')).toBe('prefix-reserved');
    expect(prefixProblem('02:42:ac')).toBe('prefix-reserved');
  });

  it('never give one name to a port and a node', () => {
    expect(wwpnAt('02:fd:01', 7)).toBe('10:00:02:fd:01:00:00:07');
    expect(wwnnAt('02:fd:01', 7)).toBe('20:00:02:fd:01:00:00:07');
    expect(iqnFor(parseIqn('iqn.2026-01.org.rackwright'), 'mail-1')).toBe('iqn.2026-01.org.rackwright:mail-1');
  });
});

describe('identity pools', () => {
  let home: TestDatabase;
  let database: Database;
  const store = new IdentityStore(DAY_MS);
  beforeAll(async () => {
    home = await freshDatabase('network');
    await migrate(home.url('network'), { schema: 'network', migrations: identityPoolMigrations });
    database = await Database.open({
      url: home.url('network'),
      schema: 'network',
      applicationName: 'identity-pool-spec',
    });
    await database.transaction((tx) => store.putPool(tx, { name: 'macs', kind: 'mac', prefix: '02:fd:01' }));
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });
  const assign = (request: AssignRequest) => database.transaction((tx) => store.assign(tx, request));

  it('give one slot one identity however often it asks', async () => {
    const first = await assign(macRequest('p1', 'vnic:eth0'));
    expect(await assign(macRequest('p1', 'vnic:eth0'))).toEqual(first);
    expect(await assign(macRequest('p1', 'vnic:eth1'))).not.toEqual(first);
  });

  it('hand out no identity twice to askers at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => assign(macRequest(`many-${index}`, 'vnic:eth0'))),
    );
    expect(new Set(answers.map((answer) => ('value' in answer ? answer.value : 'none'))).size).toBe(40);
  });

  it('refuse a wanted identity that is outside, taken or at rest, and give it to nobody else', async () => {
    const wanted = '02:fd:01:77:00:01';
    expect(await assign(macRequest('p2', 'vnic:eth0', '02:aa:00:00:00:01'))).toEqual({ problem: 'outside-pool' });
    expect(await assign(macRequest('p2', 'vnic:eth0', wanted))).toEqual({ value: parseMac(wanted) });
    expect(await assign(macRequest('p3', 'vnic:eth0', wanted))).toEqual({ problem: 'taken' });
    await database.transaction((tx) => store.release(tx, 'p2'));
    expect(await assign(macRequest('p3', 'vnic:eth0', wanted))).toEqual({ problem: 'taken' });
    expect(await assign(macRequest('p2', 'vnic:eth0'))).toEqual({ value: wanted });
    await database.transaction((tx) => store.release(tx, 'p2'));
    await database.query(`UPDATE identities SET rests_until = now() - interval '1 second' WHERE value = $1`, [wanted]);
    expect(await assign(macRequest('p3', 'vnic:eth0', wanted))).toEqual({ value: wanted });
  });

  it('say when a pool is exhausted or in use', async () => {
    await database.query(`UPDATE identity_pools SET next_index = 16777216`);
    expect(await assign(macRequest('p9', 'vnic:eth0'))).toEqual({ problem: 'pool-exhausted' });
    const put = database.transaction((tx) => store.putPool(tx, { name: 'macs', kind: 'mac', prefix: '02:fd:02' }));
    expect(await put).toBe('in-use');
  });
});
