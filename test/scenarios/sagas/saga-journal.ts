import type { JournalRow } from '@rackwright/saga';
import type { TestDatabase } from '@rackwright/testing';
import { lookInto } from '../estate/unfinished-work.js';

interface StoredRow {
  readonly event: string;
  readonly step: string;
  readonly item: string;
  readonly sequence: number;
  readonly epoch: number;
  readonly attempt: number;
  readonly at: Date;
  readonly data: unknown;
}

/** The journal of a run, from the coordinator's own table: also while no coordinator runs. */
export async function journalOf(databases: TestDatabase, runId: string): Promise<readonly JournalRow[]> {
  const database = await lookInto(databases);
  const rows = await database.query<StoredRow>(
    'SELECT * FROM "saga-coordinator".saga_journal WHERE saga_id = $1 ORDER BY sequence',
    [runId],
  );
  return rows.map(({ step, item, data, at, ...row }) => {
    return {
      ...row,
      ...(step !== '' && { step }),
      ...(item !== '' && { item }),
      at: at.toISOString(),
      ...(data !== null && { data }),
    } as JournalRow;
  });
}
