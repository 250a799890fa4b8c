import type { JsonValue } from '../../world/index.js';
import type { Bmc } from './bmc.js';
import { collection, notFound, ok, type RedfishAnswer, type RedfishBody } from './redfish-answer.js';

interface DellJob {
  readonly id: string;
  readonly port: string;
  readonly createdMs: number;
}

const KEY = 'dell jobs';

/** A configuration job: Scheduled until the machine resets, for ever if it never does; while it waits no second one is taken. */
export function scheduleJob(bmc: Bmc, port: string): RedfishAnswer {
  const jobs = jobsOf(bmc);
  const id = `JID_${String(400_000_000_000 + jobs.length + Math.round(bmc.world.timeMs) * 100)}`;
  keep(bmc, [...jobs, { id, port, createdMs: bmc.world.timeMs }]);
  return { status: 202, headers: { Location: `${jobsPath(bmc)}/${id}` } };
}

/** True while a job of this port waits for the reset. */
export function jobPending(bmc: Bmc, port: string): boolean {
  return jobsOf(bmc).some((job) => job.port === port && isWaiting(bmc, job));
}

export function jobView(bmc: Bmc, id?: string): RedfishBody | undefined {
  const jobs = jobsOf(bmc);
  if (id === undefined)
    return collection(
      jobsPath(bmc),
      'DellJob',
      jobs.map((job) => job.id),
    );
  const job = jobs.find((each) => each.id === id);
  if (!job) return undefined;
  const waiting = isWaiting(bmc, job);
  return {
    '@odata.id': `${jobsPath(bmc)}/${id}`,
    '@odata.type': '#DellJob.v1_2_0.DellJob',
    Id: id,
    Name: `Configure: ${job.port}`,
    JobType: 'NICConfiguration',
    JobState: waiting ? 'Scheduled' : 'Completed',
    PercentComplete: waiting ? 0 : 100,
    Message: waiting ? 'Task successfully scheduled.' : 'Job completed successfully.',
    MessageId: waiting ? 'JCP001' : 'PR19',
    TargetSettingsURI: null,
  };
}

/** Drops a waiting job and what it would have set. */
export function deleteJob(bmc: Bmc, id: string): RedfishAnswer {
  const job = jobsOf(bmc).find((each) => each.id === id);
  if (!job) return notFound(`${jobsPath(bmc)}/${id}`);
  if (isWaiting(bmc, job)) bmc.world.identity.unstage(bmc.server, job.port, bmc.actor);
  keep(
    bmc,
    jobsOf(bmc).filter((each) => each.id !== id),
  );
  return ok({});
}

function isWaiting(bmc: Bmc, job: DellJob): boolean {
  const latest = jobsOf(bmc)
    .filter((each) => each.port === job.port)
    .at(-1);
  const port = bmc.server.ports.find((each) => each.name === job.port);
  return latest?.id === job.id && port?.pending !== undefined;
}

function jobsPath(bmc: Bmc): string {
  return `${bmc.managerPath}/Oem/Dell/Jobs`;
}

function jobsOf(bmc: Bmc): readonly DellJob[] {
  return (bmc.server.extra[KEY] as unknown as readonly DellJob[] | undefined) ?? [];
}

function keep(bmc: Bmc, jobs: readonly DellJob[]): void {
  bmc.server.extra[KEY] = jobs.slice(-50) as unknown as JsonValue;
}
