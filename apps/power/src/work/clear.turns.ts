import type { Evidence } from '@rackwright/contracts';
import { finished, finishedRefused, finishedWith, type Turn } from '@rackwright/device-work';
import { cleanFacts, identityPort, notOff, readIdentity } from './identity.turns.js';
import { judgeClean } from './identity.policy.js';
import { proveOff, type OffProgress } from './off-proof.js';
import { switchOff, type SwitchOffProgress } from './power.turns.js';
import type { ServerInput, ServerJob } from './server-job.js';

export interface ClearInput extends ServerInput {
  readonly portsClosed: boolean;
}

/**
 * write: told the adapter. power-on, wait-applied: the reset that applies it, with the ports closed. power-off: by
 * force. proof: two Off readings and a clean server.
 */
export interface ClearProgress extends OffProgress, SwitchOffProgress {
  phase: 'write' | 'power-on' | 'wait-applied' | 'power-off' | 'proof';
  startedAtMs: number;
  powerCycled: boolean;
  /** Why the cycle was broken off; the server is switched off all the same. */
  gaveUp: string;
}

type ClearJob = ServerJob<ClearInput, ClearProgress>;

const LOOK_EVERY_MS = 1_000;
/** Of the time given, this share is kept for switching off again. */
const KEPT_FOR_OFF = 0.3;

const PHASES: Readonly<Record<ClearProgress['phase'], (job: ClearJob) => Promise<Turn>>> = {
  write,
  'power-on': powerOn,
  'wait-applied': waitApplied,
  'power-off': powerOff,
  proof,
};

/** Takes every programmed identity off a server and ends with the server off; its phases are data and survive a crash. */
export function clearIdentity(job: ClearJob): Promise<Turn> {
  job.progress.startedAtMs ??= job.clock.now().getTime();
  return PHASES[job.progress.phase ?? 'write'](job);
}

async function write(job: ClearJob): Promise<Turn> {
  const off = job.part(await job.server.power.readPower(job.powerCall));
  if ('turn' in off) return off.turn;
  if (off.value.value.state !== 'off') return notOff(job, off.value);
  const adapter = identityPort(job);
  if (!adapter) return finishedRefused('device-refused', `the identity cannot be read through ${job.bmc.name}`);
  if (!job.input.portsClosed) {
    const refusal = await refusalWithOpenPorts(job);
    if (refusal) return refusal;
  }
  const result = await adapter.ensureIdentity({ ports: [] }, job.identityCall);
  if (result.kind === 'pending' && result.handle.kind === 'reset') {
    if (!job.input.portsClosed) return needsPowerCycle();
    return next(job, 'power-on');
  }
  const part = job.part(result);
  return 'turn' in part ? part.turn : next(job, 'proof');
}

/** Before anything is written: would the adapter need a reset, which is not safe with open ports? */
async function refusalWithOpenPorts(job: ClearJob): Promise<Turn | undefined> {
  const read = await readIdentity(job);
  if ('turn' in read) return read.turn;
  const shows = read.value.value.ports.map(({ port, current, clean }) => ({ port, current, clean }));
  if (judgeClean(shows, job.ports).differences.length === 0) return undefined;
  const adapter = identityPort(job);
  const capability = adapter && job.part(await adapter.identityCapability(job.identityCall));
  if (!capability) return undefined;
  if ('turn' in capability) return capability.turn;
  return capability.value.value.apply === 'on-reset' ? needsPowerCycle() : undefined;
}

function needsPowerCycle(): Turn {
  return finishedRefused('needs-power-cycle', 'the adapter applies it at a reset, and the ports may be open');
}

async function powerOn(job: ClearJob): Promise<Turn> {
  if (isLate(job)) return giveUp(job, 'it did not come on');
  job.progress.powerCycled = true;
  const result = await job.server.power.ensurePower('on', 'force', job.powerCall);
  if (result.kind === 'pending') return next(job, 'wait-applied', LOOK_EVERY_MS);
  const part = job.part(result);
  if ('value' in part) return next(job, 'wait-applied');
  return part.turn.kind === 'finished' ? giveUp(job, 'the BMC refused to switch it on') : part.turn;
}

async function waitApplied(job: ClearJob): Promise<Turn> {
  if (isLate(job)) return giveUp(job, 'the adapter did not apply it in time');
  const power = job.part(await job.server.power.readPower(job.powerCall));
  if ('turn' in power) return power.turn;
  if (power.value.value.state === 'off') return next(job, 'power-on', LOOK_EVERY_MS);
  const read = await readIdentity(job);
  if ('turn' in read) return read.turn;
  const { differences } = judgeClean(read.value.value.ports, job.ports);
  return differences.length === 0 ? next(job, 'power-off') : job.again(LOOK_EVERY_MS, differences.join('; '));
}

async function powerOff(job: ClearJob): Promise<Turn> {
  const power = job.part(await job.server.power.readPower(job.powerCall));
  if ('turn' in power) return power.turn;
  return power.value.value.state === 'off' ? next(job, 'proof') : switchOff(job, 0);
}

async function proof(job: ClearJob): Promise<Turn> {
  const off = await proveOff(job);
  if (off.kind === 'turn') return off.turn;
  if (off.kind === 'not-off') {
    if (job.progress.powerCycled === true) return next(job, 'power-off');
    return notOff(job, off.observed);
  }
  const { gaveUp } = job.progress;
  if (gaveUp !== undefined) return finished({ kind: 'unknown', code: 'not-applied', message: gaveUp });
  const read = await readIdentity(job);
  if ('turn' in read) return read.turn;
  const judged = judgeClean(read.value.value.ports, job.ports);
  if (judged.differences.length > 0) return next(job, 'write', LOOK_EVERY_MS);
  const evidence: Evidence[] = [...off.evidence, ...cleanFacts(job, read.value, judged)];
  await job.parts.bmcs.setProgrammed(job.bmc.name, false);
  await job.parts.announcer.identityCleared(job.input.serverId, evidence);
  return finishedWith({ evidence, powerCycled: job.progress.powerCycled === true });
}

function next(job: ClearJob, phase: ClearProgress['phase'], afterMs = 1): Turn {
  job.progress.phase = phase;
  delete job.progress.off;
  return job.again(afterMs, `going on with ${phase}`);
}

function isLate(job: ClearJob): boolean {
  const startedAtMs = job.progress.startedAtMs ?? job.clock.now().getTime();
  const endsAtMs = job.operation.deadline.getTime();
  return job.clock.now().getTime() > endsAtMs - (endsAtMs - startedAtMs) * KEPT_FOR_OFF;
}

/** The server must end off whatever happened. */
function giveUp(job: ClearJob, why: string): Turn {
  job.progress.gaveUp = `the change was written and not applied: ${why}`;
  return next(job, 'power-off');
}
