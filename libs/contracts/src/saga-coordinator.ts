import { z } from 'zod';
import { defineCommand, defineEvent, defineQuery } from './define.js';
import { isoTime, noResult, objectName, pageInput, pageOf, profileId, runId, serverId } from './schemas.js';
import { profileDefinition } from './server.js';

const service = 'saga-coordinator' as const;

/** How long an operating system gets to shut down by itself before its server is switched off. */
const graceMs = z.int().min(0).max(3_600_000).optional();

/** What a plan can be about. */
export const planRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('define-profile'), profileId: profileId.optional(), definition: profileDefinition }),
  z.strictObject({ kind: z.literal('delete-profile'), profileId }),
  z.strictObject({
    kind: z.literal('associate'),
    profileId,
    /** Absent: the best one that qualifies. */ serverId: serverId.optional(),
    pool: objectName.optional(),
  }),
  z.strictObject({
    kind: z.literal('migrate'),
    profileId,
    serverId: serverId.optional(),
    pool: objectName.optional(),
    graceMs,
  }),
  z.strictObject({
    kind: z.literal('disassociate'),
    profileId,
    /** Also take zones and masks away. */ removeAccess: z.boolean().default(true),
    graceMs,
  }),
  z.strictObject({ kind: z.literal('fence'), serverId, reason: z.string().min(1).max(500) }),
]);
export type PlanRequest = z.infer<typeof planRequest>;

/** One planned change on one device, with Terraform-like marks and two of our own: `!` reboot, `#` point of no return. */
export const plannedChange = z.strictObject({
  mark: z.enum(['+', '~', '-', '!', '#', '=']),
  area: z.enum(['inventory', 'server', 'switch', 'fabric', 'array', 'power']),
  device: z.string(),
  text: z.string(),
});
export const planView = z.strictObject({
  id: z.string(),
  request: planRequest,
  state: z.enum(['ready', 'blocked', 'executed', 'expired']),
  title: z.string(),
  source: objectName.optional(),
  target: objectName.optional(),
  why: z.array(z.string()),
  changes: z.array(plannedChange),
  reboots: z.array(z.string()),
  undo: z.string(),
  expectedMs: z.int().optional(),
  blockedBy: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  worldMark: z.string(),
  createdAt: isoTime,
  expiresAt: isoTime,
  runId: runId.optional(),
});
export type PlanView = z.infer<typeof planView>;

export const createPlan = defineQuery({
  service,
  name: 'create-plan',
  summary: 'Computes and stores a plan: what will change where. Changes nothing else.',
  input: z.strictObject({ request: planRequest, actor: z.string().max(200) }),
  result: planView,
});
export const getPlan = defineQuery({
  service,
  name: 'get-plan',
  summary: 'One plan.',
  input: z.strictObject({ planId: z.string().max(60) }),
  result: planView,
});

export const executePlan = defineCommand({
  service,
  name: 'execute-plan',
  summary: 'Starts the run of a plan, exactly as it was shown, or refuses because the world moved.',
  input: z.strictObject({ planId: z.string().max(60), actor: z.string().max(200) }),
  result: z.strictObject({ runId }),
  refusals: {
    'unknown-plan': 'no such plan',
    'plan-blocked': 'the plan cannot run; it says why',
    'plan-expired': 'the plan is too old; make a new one',
    'world-moved': 'what the plan rests on has changed; make a new one',
    'plan-executed': 'the plan has been executed already',
  },
});

export const RUN_STATES = [
  'running',
  'retrying',
  'waiting-for-device',
  'going-back',
  'done',
  'undone',
  'stuck',
] as const;
export const runState = z.enum(RUN_STATES);

const verbInput = z.strictObject({ runId, actor: z.string().max(200), reason: z.string().max(500).default('') });
export const cancelRun = defineCommand({
  service,
  name: 'cancel-run',
  summary: 'Asks a run to go back; possible until its point of no return.',
  input: verbInput,
  result: noResult,
  refusals: {
    'unknown-run': 'no such run',
    'run-ended': 'the run has ended',
    'past-no-return': 'the run has passed its point of no return and goes forward',
  },
});
export const retryRun = defineCommand({
  service,
  name: 'retry-run',
  summary: 'Lets a stuck run try its step again.',
  input: verbInput,
  result: noResult,
  refusals: { 'unknown-run': 'no such run', 'run-not-stuck': 'the run is not stuck' },
});
export const markRunDone = defineCommand({
  service,
  name: 'mark-run-done',
  summary: 'A person vouches that the step of a stuck run is done. Refused on fence, cut and recheck steps.',
  input: verbInput.extend({ step: z.string().max(120) }),
  result: noResult,
  refusals: {
    'unknown-run': 'no such run',
    'run-not-stuck': 'the run is not stuck',
    'not-vouchable': 'this step must be proven by readings, not by a person',
    'wrong-step': 'the run is stuck at another step',
  },
});
export const abandonRun = defineCommand({
  service,
  name: 'abandon-run',
  summary: 'Gives up a stuck run; releases its locks only when every former holder is proven inert.',
  input: verbInput,
  result: noResult,
  refusals: {
    'unknown-run': 'no such run',
    'run-not-stuck': 'the run is not stuck',
    'not-inert': 'a former holder is not proven inert',
  },
});

export const runStep = z.strictObject({
  step: z.string(),
  label: z.string(),
  phase: z.enum(['forward', 'undo', 'turn']),
  state: z.enum(['waiting', 'running', 'retrying', 'done', 'refused', 'failed', 'undone', 'skipped']),
  attempt: z.int(),
  startedAt: isoTime.optional(),
  endedAt: isoTime.optional(),
  /** Last error or reason for waiting. */
  note: z.string().optional(),
  evidence: z.array(z.record(z.string(), z.unknown())).optional(),
});
export const runView = z.strictObject({
  id: runId,
  planId: z.string().optional(),
  title: z.string(),
  saga: z.string(),
  state: runState,
  actor: z.string(),
  profileId: profileId.optional(),
  serverIds: z.array(serverId),
  startedAt: isoTime,
  endedAt: isoTime.optional(),
  /** For `stuck` and `undone`: what is known and what is not, and which verbs there are. */
  reason: z.string().optional(),
  verbs: z.array(z.enum(['cancel', 'retry', 'mark-done', 'abandon'])),
  pastNoReturn: z.boolean(),
  traceId: z.string().optional(),
  steps: z.array(runStep),
});
export type RunView = z.infer<typeof runView>;
export const listRuns = defineQuery({
  service,
  name: 'list-runs',
  summary: 'Runs, newest first.',
  input: z.strictObject({
    ...pageInput,
    state: runState.optional(),
    profileId: profileId.optional(),
    serverId: serverId.optional(),
    open: z.boolean().optional(),
  }),
  result: pageOf(runView.omit({ steps: true })),
});
export const getRun = defineQuery({
  service,
  name: 'get-run',
  summary: 'One run with its steps.',
  input: z.strictObject({ runId }),
  result: runView,
});

export const runStarted = defineEvent({
  service,
  name: 'run-started',
  summary: 'A run began.',
  data: z.strictObject({ runId, title: z.string(), saga: z.string(), actor: z.string() }),
});
export const runStepChanged = defineEvent({
  service,
  name: 'run-step-changed',
  summary: 'A step of a run began, ended, is retried or is undone.',
  data: z.strictObject({ runId, step: runStep }),
});
export const runEnded = defineEvent({
  service,
  name: 'run-ended',
  summary: 'A run ended done or undone.',
  data: z.strictObject({
    runId,
    title: z.string(),
    state: runState,
    reason: z.string().optional(),
    durationMs: z.int(),
  }),
});
export const runStuck = defineEvent({
  service,
  name: 'run-stuck',
  summary: 'A run is stuck and needs an operator.',
  data: z.strictObject({ runId, title: z.string(), step: z.string(), reason: z.string() }),
});
