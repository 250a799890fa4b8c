import type { Evidence } from '@rackwright/contracts';
import type { Turn } from '@rackwright/device-work';
import type { Observed, PowerReading } from '@rackwright/driver-core';
import type { ServerInput, ServerJob } from './server-job.js';

/** The first of two Off readings, remembered over turns. */
export interface OffProgress {
  off: {
    readonly evidence: Evidence;
    readonly atMs: number;
    /** The newest change that had been sent to this BMC before the reading. */
    readonly changesBefore: number;
  };
}

export type OffProof =
  | { readonly kind: 'off'; readonly evidence: readonly Evidence[]; readonly observed: Observed<PowerReading> }
  | { readonly kind: 'not-off'; readonly observed: Observed<PowerReading> }
  | { readonly kind: 'turn'; readonly turn: Turn };

/**
 * Off as evidence (safety rule 1): two Off readings of the recognised machine, a dwell apart, each in a session of its
 * own, with no change sent to the BMC in between. Anything else starts again; `unknown` is not off.
 */
export async function proveOff(job: ServerJob<ServerInput, OffProgress>): Promise<OffProof> {
  const first = job.progress.off;
  const remainingMs = first ? first.atMs + job.parts.offDwellMs - job.clock.now().getTime() : 0;
  if (remainingMs > 0) return { kind: 'turn', turn: job.again(remainingMs, 'off once; to be read again') };
  const changesBefore = first?.changesBefore ?? (await newestChange(job));
  const read = job.part(await job.readPowerFresh());
  if ('turn' in read) return { kind: 'turn', turn: startAgain(job, read.turn) };
  const { value: observed } = read;
  if (observed.value.state !== 'off') {
    delete job.progress.off;
    return { kind: 'not-off', observed };
  }
  const evidence = job.fact(observed, 'power-off', observed.value.raw);
  if (first && (await newestChange(job)) === changesBefore)
    return { kind: 'off', evidence: [first.evidence, evidence], observed };
  if (first) {
    // Something was sent in between: neither reading of this pair says anything about what it left behind.
    delete job.progress.off;
    return { kind: 'turn', turn: job.again(1, 'something was sent between two readings; to be read again') };
  }
  job.progress.off = { evidence, atMs: observed.at.getTime(), changesBefore };
  return { kind: 'turn', turn: job.again(job.parts.offDwellMs, 'off once; to be read again') };
}

function startAgain(job: ServerJob<ServerInput, OffProgress>, turn: Turn): Turn {
  delete job.progress.off;
  return turn.kind === 'again' ? job.again(turn.afterMs, turn.note) : turn;
}

/** Every change leaves a row at the gate, whoever sent it; reads and logins leave none. */
async function newestChange({ parts, operation }: ServerJob<ServerInput, OffProgress>): Promise<number> {
  const [row] = await parts.database.query<{ newest: number }>(
    'SELECT coalesce(max(id), 0) AS newest FROM open_calls WHERE lane = $1',
    [operation.lane],
  );
  return Number(row?.newest ?? 0);
}
