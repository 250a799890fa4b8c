import type { Evidence } from '@rackwright/contracts';
import { finishedWith, type Turn } from '@rackwright/device-work';
import type { Observed, PowerReading } from '@rackwright/driver-core';
import { proveOff, type OffProgress } from './off-proof.js';
import type { ServerInput, ServerJob } from './server-job.js';

export interface EnsureOffInput extends ServerInput {
  readonly graceMs: number;
  readonly proof: 'one-reading' | 'two-readings';
}

export interface SwitchOffProgress {
  /** When the operating system was asked to shut down. */
  askedAtMs: number;
  /** The machine offers no graceful way, or did not take it. */
  graceOver: boolean;
  forcedAtMs: number;
}

export interface EnsureOffProgress extends OffProgress, SwitchOffProgress {
  /** What became of the power restore policy. */
  restore: Evidence;
}

/** How soon to look whether a server that is on its way has arrived. */
const LOOK_EVERY_MS = 1_000;
/** A BMC that took ForceOff and does not show it gets it again after this time. */
const FORCE_AGAIN_MS = 5_000;

/** Switches off and proves it. */
export async function ensureOff(job: ServerJob<EnsureOffInput, EnsureOffProgress>): Promise<Turn> {
  return job.input.proof === 'one-reading' ? offByOneReading(job) : offByTwoReadings(job);
}

async function offByOneReading(job: ServerJob<EnsureOffInput, EnsureOffProgress>): Promise<Turn> {
  const read = job.part(await job.server.power.readPower(job.powerCall));
  if ('turn' in read) return read.turn;
  if (read.value.value.state !== 'off') return switchOff(job, job.input.graceMs);
  return isOff(job, read.value, [job.fact(read.value, 'power-off', read.value.value.raw)]);
}

async function offByTwoReadings(job: ServerJob<EnsureOffInput, EnsureOffProgress>): Promise<Turn> {
  const proof = await proveOff(job);
  if (proof.kind === 'not-off') return switchOff(job, job.input.graceMs);
  if (job.progress.restore === undefined && job.progress.off) {
    // Before the readings that count: nothing is sent between them.
    delete job.progress.off;
    job.progress.restore = await keepOff(job);
    return job.again(1, 'off; to be proven');
  }
  if (proof.kind === 'turn') return proof.turn;
  return isOff(job, proof.observed, [...proof.evidence, ...(job.progress.restore ? [job.progress.restore] : [])]);
}

async function isOff(
  job: ServerJob<EnsureOffInput, EnsureOffProgress>,
  observed: Observed<PowerReading>,
  evidence: Evidence[],
): Promise<Turn> {
  await job.parts.announcer.powerRead(job.input.serverId, observed);
  return finishedWith({ evidence });
}

/** Mains that come back must not start a server that was switched off for a move. Best effort, told as a fact. */
async function keepOff(job: ServerJob<EnsureOffInput, EnsureOffProgress>): Promise<Evidence> {
  const result = await job.server.restore.ensurePowerRestore('always-off', job.powerCall);
  const at = { at: job.clock.now(), source: job.bmc.name, value: null };
  if (result.kind === 'done') return job.fact(result.observed, 'power-restore-off', result.observed.value);
  const why = result.kind === 'refused' ? `not offered: ${result.message}` : `not known: ${result.kind}`;
  return job.fact(at, 'power-restore-off', why);
}

/** One step towards off: the operating system is asked once, force comes after its time. */
export async function switchOff(job: ServerJob<ServerInput, SwitchOffProgress>, graceMs: number): Promise<Turn> {
  const { progress, server } = job;
  const nowMs = job.clock.now().getTime();
  if (graceMs > 0 && progress.graceOver !== true) {
    if (progress.askedAtMs === undefined) {
      progress.askedAtMs = nowMs;
      const asked = await server.power.ensurePower('off', 'graceful', job.powerCall);
      if (asked.kind !== 'refused') return job.again(Math.min(LOOK_EVERY_MS, graceMs), 'asked to shut down');
      const refused = job.part(asked);
      if ('turn' in refused && refused.turn.kind === 'finished' && isWrongDevice(refused.turn)) return refused.turn;
      progress.graceOver = true;
    } else {
      const leftMs = progress.askedAtMs + graceMs - nowMs;
      if (leftMs > 0) return job.again(Math.min(LOOK_EVERY_MS, leftMs), 'waiting for the shutdown');
      progress.graceOver = true;
    }
  }
  if (progress.forcedAtMs !== undefined && nowMs - progress.forcedAtMs < FORCE_AGAIN_MS)
    return job.again(LOOK_EVERY_MS, 'waiting for the power to go');
  progress.forcedAtMs = nowMs;
  const forced = await server.power.ensurePower('off', 'force', job.powerCall);
  if (forced.kind === 'done') return job.again(1, 'switched off; to be read');
  if (forced.kind === 'pending') return job.again(LOOK_EVERY_MS, 'waiting for the power to go');
  // Not taken, or nobody knows: the next look decides, and it need not wait.
  delete progress.forcedAtMs;
  const part = job.part(forced);
  return 'turn' in part ? part.turn : job.again(LOOK_EVERY_MS, 'switched off; to be read');
}

function isWrongDevice(turn: Turn): boolean {
  return turn.kind === 'finished' && turn.outcome.kind === 'refused' && turn.outcome.code === 'wrong-device';
}

/** Switches on; done when the BMC shows it. */
export async function ensureOn(job: ServerJob<ServerInput, object>): Promise<Turn> {
  const result = await job.server.power.ensurePower('on', 'force', job.powerCall);
  if (result.kind === 'pending') return job.again(LOOK_EVERY_MS, 'waiting for the power to come');
  const part = job.part(result);
  if ('turn' in part) return part.turn;
  await job.parts.announcer.powerRead(job.input.serverId, part.value);
  return finishedWith({ evidence: [job.fact(part.value, 'power-on', part.value.value.raw)] });
}
