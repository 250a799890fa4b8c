import type { JournalRow } from '@rackwright/saga';

/** A row of `saga_journal`. Empty text stands for "none", so that the unique key holds. */
export interface StoredRow {
  readonly saga_id: string;
  readonly sequence: number;
  readonly event: string;
  readonly step: string;
  readonly item: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly at: Date;
  readonly data: unknown;
}

export function fromStored(row: StoredRow): JournalRow {
  return {
    sequence: row.sequence,
    event: row.event,
    ...(row.step !== '' && { step: row.step }),
    ...(row.item !== '' && { item: row.item }),
    epoch: row.epoch,
    attempt: row.attempt,
    at: row.at.toISOString(),
    ...(row.data !== null && { data: row.data }),
  } as JournalRow;
}

/** The columns of many rows, in the order of the table: one array per column, for `unnest`. */
export function toColumns(rows: readonly { readonly sagaId: string; readonly row: JournalRow }[]): unknown[][] {
  const columns: unknown[][] = [[], [], [], [], [], [], [], [], []];
  for (const { sagaId, row } of rows) {
    const step = 'step' in row ? row.step : '';
    const item = 'item' in row ? (row.item ?? '') : '';
    const data = 'data' in row ? JSON.stringify(row.data) : null;
    [sagaId, row.sequence, row.event, step, item, row.epoch, row.attempt, row.at, data].forEach((value, index) =>
      columns[index]?.push(value),
    );
  }
  return columns;
}
