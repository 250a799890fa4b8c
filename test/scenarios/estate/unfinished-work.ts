import { Database } from '@rackwright/persistence';
import type { TestDatabase } from '@rackwright/testing';

const DEVICE_OWNERS = ['network', 'storage-identity', 'power'] as const;
const ALL = [...DEVICE_OWNERS, 'inventory', 'saga-coordinator'] as const;

const opened = new WeakMap<TestDatabase, Promise<Database>>();

/** A connection to look into every schema; closed by {@link closeLook}. */
export function lookInto(databases: TestDatabase): Promise<Database> {
  let open = opened.get(databases);
  if (!open) {
    open = Database.open({ url: databases.adminUrl, schema: 'public', applicationName: 'world-check', poolMax: 1 });
    opened.set(databases, open);
  }
  return open;
}

export async function closeLook(databases: TestDatabase): Promise<void> {
  const open = opened.get(databases);
  opened.delete(databases);
  await (await open?.catch(() => undefined))?.close();
}

/** Calls that are open, operations that never end, messages that nobody took, messages that nobody could take. */
export async function unfinishedWork(databases: TestDatabase, isHeld: boolean): Promise<string[]> {
  const database = await lookInto(databases);
  const count = async (sql: string): Promise<number> => Number((await database.query<{ n: number }>(sql))[0]?.n ?? 0);
  const problems: string[] = [];
  const add = async (what: string, sql: string): Promise<void> => {
    const found = await count(sql);
    if (found > 0) problems.push(`${found} ${what}`);
  };
  for (const service of DEVICE_OWNERS) {
    await add(
      `open device calls of ${service}`,
      `SELECT count(*) AS n FROM "${service}".open_calls WHERE closed_at IS NULL`,
    );
    await add(
      `unfinished device operations of ${service}`,
      `SELECT count(*) AS n FROM "${service}".device_operations WHERE finished_at IS NULL`,
    );
  }
  for (const service of ALL) {
    await add(`parked messages of ${service}`, `SELECT count(*) AS n FROM "${service}".messaging_parked`);
    await add(
      `messages of ${service} waiting`,
      `SELECT count(*) AS n FROM "${service}".messaging_outbox WHERE finished_at IS NULL`,
    );
  }
  if (!isHeld)
    await add('open runs', `SELECT count(*) AS n FROM "saga-coordinator".saga_heads WHERE status IN ('open', 'stuck')`);
  return problems;
}
