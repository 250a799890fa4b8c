import type { Evidence, ServerIdentityMessage } from '@rackwright/contracts';
import { finishedRefused, finishedWith, type Part, type Turn } from '@rackwright/device-work';
import type {
  AdapterIdentityPort,
  BootSource,
  Observed,
  PowerReading,
  ServerIdentity,
  ServerIdentityReading,
} from '@rackwright/driver-core';
import { compareIdentity, judgeClean, type Comparison } from './identity.policy.js';
import { proveOff, type OffProgress } from './off-proof.js';
import type { ServerInput, ServerJob } from './server-job.js';

export interface ProgrammeInput extends ServerInput {
  readonly identity: ServerIdentityMessage;
  readonly boot: BootSource;
}

export interface CheckInput extends ServerInput {
  readonly expect:
    | { readonly kind: 'programmed'; readonly identity: ServerIdentityMessage }
    | { readonly kind: 'clean' }
    | { readonly kind: 'off' };
}

/** Refusals of drivers that say: this adapter does not take this. */
const NOT_ASSIGNABLE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'redfish.no-such-port',
    'redfish.port-not-assignable',
    'redfish.identity-not-taken',
    'ipxe.no-such-port',
    'ipxe.no-fibre-channel',
  ].map((code) => [code, 'not-assignable']),
);
const LOOK_EVERY_MS = 1_000;

/** Proves off and clean; changes nothing. */
export async function checkClean(job: ServerJob<ServerInput, OffProgress>): Promise<Turn> {
  const proof = await proveOff(job);
  if (proof.kind === 'turn') return proof.turn;
  if (proof.kind === 'not-off') return notOff(job, proof.observed);
  const read = await readIdentity(job);
  if ('turn' in read) return read.turn;
  const judged = judgeClean(read.value.value.ports, job.ports);
  if (judged.differences.length > 0) return finishedRefused('not-clean', judged.differences.join('; '));
  return finishedWith({ evidence: [...proof.evidence, ...cleanFacts(job, read.value, judged)] });
}

/** Writes boot device and identity into a server that is off. */
export async function programmeIdentity(job: ServerJob<ProgrammeInput, object>): Promise<Turn> {
  const { server, parts, bmc, input } = job;
  const off = job.part(await server.power.readPower(job.powerCall));
  if ('turn' in off) return off.turn;
  if (off.value.value.state !== 'off') return notOff(job, off.value);
  const adapter = identityPort(job);
  if (!adapter) return finishedRefused('not-assignable', `nothing programmes identities through ${bmc.name}`);
  await parts.bmcs.setProgrammed(bmc.name, true);
  const boot = await ensureBoot(job);
  if ('turn' in boot) return boot.turn;
  // A machine's UUID is read-only nearly everywhere: the profile's is not written, and a fact says so.
  const want: ServerIdentity = { ports: input.identity.ports as ServerIdentity['ports'] };
  const written = await adapter.ensureIdentity(want, job.identityCall);
  const isPending = written.kind === 'pending' && written.handle.kind === 'reset' && written.observed !== undefined;
  const part: Part<ServerIdentityReading> =
    isPending && written.observed ? { value: written.observed } : job.part(written, NOT_ASSIGNABLE);
  if ('turn' in part) return part.turn;
  const applied = isPending ? 'at-next-reset' : 'now';
  const evidence = [
    job.fact(off.value, 'power-off', off.value.value.raw),
    boot.evidence,
    job.fact(part.value, 'identity-programmed', isPending ? 'waits for the next reset' : 'current'),
    ...uuidFact(job, part.value, input.identity),
  ];
  await parts.announcer.identityProgrammed(input.serverId, evidence);
  return finishedWith({ evidence, applied });
}

async function ensureBoot(
  job: ServerJob<ProgrammeInput, object>,
): Promise<{ readonly evidence: Evidence } | { readonly turn: Turn }> {
  const { boot } = job.input;
  const result = await job.server.boot.ensureBoot(boot, job.powerCall);
  if (result.kind === 'refused' && boot === 'none') {
    const observed = { value: null, at: job.clock.now(), source: job.bmc.name };
    return { evidence: job.fact(observed, 'boot-device', `not offered: ${result.message}`) };
  }
  // Accepted and applied with the reset that the identity waits for as well.
  if (result.kind === 'pending' && result.handle.kind === 'reset' && result.observed)
    return { evidence: job.fact(result.observed, 'boot-device', `${boot} at the next reset`) };
  const part = job.part(result);
  if ('turn' in part) return part;
  const { raw, once } = part.value.value;
  return { evidence: job.fact(part.value, 'boot-device', `${boot}${once ? ' once' : ''}: ${raw}`) };
}

/** Reads power and identity afresh and compares. */
export async function checkIdentity(job: ServerJob<CheckInput, object>): Promise<Turn> {
  const { expect } = job.input;
  const off = job.part(await job.readPowerFresh());
  if ('turn' in off) return off.turn;
  if (off.value.value.state !== 'off') return notOff(job, off.value);
  const evidence = [job.fact(off.value, 'power-off', off.value.value.raw)];
  if (expect.kind === 'off') return finishedWith({ evidence });
  const read = await readIdentity(job);
  if ('turn' in read) return read.turn;
  if (expect.kind === 'clean') {
    const judged = judgeClean(read.value.value.ports, job.ports);
    if (judged.differences.length > 0) return finishedRefused('identity-differs', judged.differences.join('; '));
    return finishedWith({ evidence: [...evidence, ...cleanFacts(job, read.value, judged)] });
  }
  const compared = compareIdentity(expect.identity, read.value.value.ports, job.ports);
  if (compared.differences.length > 0) return finishedRefused('identity-differs', compared.differences.join('; '));
  const value = compared.isPending ? 'waits for the next reset' : 'current';
  return finishedWith({
    evidence: [
      ...evidence,
      job.fact(read.value, 'identity-programmed', value),
      ...uuidFact(job, read.value, expect.identity),
      ...ignoredFacts(job, read.value, compared),
    ],
  });
}

/** What programmes and shows identities here; undefined where nothing does. */
export function identityPort(job: ServerJob<ServerInput, object>): AdapterIdentityPort | undefined {
  return job.server.identity;
}

/** Reads every port of the server. */
export async function readIdentity(job: ServerJob<ServerInput, object>): Promise<Part<ServerIdentityReading>> {
  const adapter = identityPort(job);
  if (!adapter)
    return { turn: finishedRefused('device-refused', `the identity cannot be read through ${job.bmc.name}`) };
  return job.part(await adapter.readIdentity(job.identityCall));
}

/** On is a refusal; anything else that is not off is waited for. */
export function notOff(job: ServerJob<ServerInput, object>, { value }: Observed<PowerReading>): Turn {
  if (value.state === 'on') return finishedRefused('not-off', `the server is on (${value.raw})`);
  return job.again(LOOK_EVERY_MS, `the power reads ${value.raw}`);
}

/** Evidence of a clean server, with a fact for each port that could not be told. */
export function cleanFacts(
  job: ServerJob<ServerInput, object>,
  observed: Observed<ServerIdentityReading>,
  judged: Comparison,
): Evidence[] {
  const seen = observed.value.ports.length - judged.ignored.length;
  return [job.fact(observed, 'identity-clean', `${seen} ports show their own`), ...ignoredFacts(job, observed, judged)];
}

function ignoredFacts(
  job: ServerJob<ServerInput, object>,
  observed: Observed<ServerIdentityReading>,
  { ignored }: Comparison,
): Evidence[] {
  return ignored.map((port) =>
    job.fact(observed, 'port-not-told', `${port} cannot be programmed and does not show its burnt-in address`),
  );
}

function uuidFact(
  job: ServerJob<ServerInput, object>,
  observed: Observed<ServerIdentityReading>,
  { uuid }: ServerIdentityMessage,
): Evidence[] {
  return uuid === undefined ? [] : [job.fact(observed, 'uuid-not-programmed', 'the machine keeps its own UUID')];
}
