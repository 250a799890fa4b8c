import type { ServerIdentityMessage } from '@rackwright/contracts';
import { finishedRefused, finishedWith, type Turn } from '@rackwright/device-work';
import type { Observed, ServerIdentityReading } from '@rackwright/driver-core';
import { compareIdentity } from './identity.policy.js';
import { readIdentity } from './identity.turns.js';
import type { ServerInput, ServerJob } from './server-job.js';

export interface VerifyInput extends ServerInput {
  readonly identity: ServerIdentityMessage;
}

export interface VerifyProgress {
  /** Since when the identity has been current on a server that is on. */
  shownSinceMs: number;
  /** Since when a server that is on has shown another identity with nothing waiting. */
  differsSinceMs: number;
}

const LOOK_EVERY_MS = 1_000;
/** A BMC shows what was applied at power-on a little late. */
const LAG_MS = 15_000;
/** BootProgress.LastState when the operating system was reached. */
const BOOTED: ReadonlySet<string> = new Set(['OSBootStarted', 'OSRunning']);
/** The firmware ended in its own menu: it found nothing to boot from. */
const STRANDED = 'SetupEntered';

/** Looks until the identity is current and the boot has come as far as the BMC can tell. */
export async function verifyBoot(job: ServerJob<VerifyInput, VerifyProgress>): Promise<Turn> {
  const power = job.part(await job.server.power.readPower(job.powerCall));
  if ('turn' in power) return power.turn;
  if (power.value.value.state !== 'on') {
    delete job.progress.shownSinceMs;
    delete job.progress.differsSinceMs;
    return job.again(LOOK_EVERY_MS, `the power reads ${power.value.value.raw}`);
  }
  const read = await readIdentity(job);
  if ('turn' in read) return read.turn;
  const compared = compareIdentity(job.input.identity, read.value.value.ports, job.ports);
  if (compared.differences.length > 0 || compared.isPending)
    return differs(job, read.value, compared.differences.join('; '));
  delete job.progress.differsSinceMs;
  job.progress.shownSinceMs ??= job.clock.now().getTime();
  return lookAtBoot(job, [
    job.fact(power.value, 'power-on', power.value.value.raw),
    job.fact(read.value, 'identity-current', 'every port shows the identity of the profile'),
  ]);
}

async function lookAtBoot(
  job: ServerJob<VerifyInput, VerifyProgress>,
  evidence: ReturnType<typeof job.fact>[],
): Promise<Turn> {
  const boot = job.part(await job.server.boot.readBoot(job.powerCall));
  if ('turn' in boot) return boot.turn;
  const { progress } = boot.value.value;
  if (progress === STRANDED) return finishedRefused('boot-failed', 'the firmware entered its setup menu');
  if (progress !== undefined) {
    if (!BOOTED.has(progress)) return job.again(LOOK_EVERY_MS, `the boot is at ${progress}`);
    const bootProgress = progress;
    return finishedWith({ evidence: [...evidence, job.fact(boot.value, 'boot-progress', progress)], bootProgress });
  }
  const shownForMs = job.clock.now().getTime() - (job.progress.shownSinceMs ?? 0);
  const leftMs = job.parts.bootSettleMs - shownForMs;
  if (leftMs > 0) return job.again(Math.min(LOOK_EVERY_MS, leftMs), 'on; this BMC tells nothing about the boot');
  const value = `not told by this BMC; on with its identity for ${Math.round(shownForMs / 1_000)} s`;
  return finishedWith({ evidence: [...evidence, job.fact(boot.value, 'boot-progress', value)] });
}

function differs(
  job: ServerJob<VerifyInput, VerifyProgress>,
  { value }: Observed<ServerIdentityReading>,
  why: string,
): Turn {
  delete job.progress.shownSinceMs;
  if (value.ports.some((port) => port.pending)) {
    delete job.progress.differsSinceMs;
    return job.again(LOOK_EVERY_MS, 'the identity waits for the reset');
  }
  const nowMs = job.clock.now().getTime();
  job.progress.differsSinceMs ??= nowMs;
  if (nowMs - job.progress.differsSinceMs < LAG_MS) return job.again(LOOK_EVERY_MS, why);
  return finishedRefused('identity-differs', why);
}
