import type { Tx } from './transaction.js';

let count = 0;

/**
 * Runs `work` behind a savepoint and takes its changes back unless `keep` says that its result is to stay. For a handler
 * that finds out late that it must refuse: the transaction it shares with others goes on, as if it had not begun.
 */
export async function withSavepoint<T>(tx: Tx, work: () => Promise<T>, keep: (result: T) => boolean): Promise<T> {
  const name = `part_${++count}`;
  await tx.query(`SAVEPOINT ${name}`);
  try {
    const result = await work();
    await tx.query(keep(result) ? `RELEASE SAVEPOINT ${name}` : `ROLLBACK TO SAVEPOINT ${name}`);
    return result;
  } catch (error) {
    // On a broken connection this fails too; the first error is the one that says why.
    await tx.query(`ROLLBACK TO SAVEPOINT ${name}`).catch(() => undefined);
    throw error;
  }
}
