import { AppError } from '@rackwright/kernel';

import type { CrashMoment, CrashPoint } from '../crash-points.js';
import { crashPoint } from '../crash-points.js';
import { forwardOnlyStageOf, turnStageOf, type SagaDefinition, type StepDefinition } from '../definition.js';
import type { JournalEventName } from '../journal.js';
import {
  FAULT_PHASES,
  type FaultHandle,
  type FaultPhase,
  type FaultSpec,
  type SagaEnd,
  type SagaHarness,
} from './harness.js';

/** What a case is about, to select by. */
export type CaseKind = 'happy' | FaultPhase | 'cancel' | 'crash' | 'crash-going-back';
export const CASE_KINDS: readonly CaseKind[] = ['happy', ...FAULT_PHASES, 'cancel', 'crash', 'crash-going-back'];

/** One case as data: what is done to the saga, and where it may end. */
export interface CasePlan {
  readonly name: string;
  readonly kind: CaseKind;
  readonly step?: string;
  readonly fault?: Omit<FaultSpec, 'saga'>;
  readonly crash?: CrashPoint;
  readonly cancelAt?: string;
  readonly ends: readonly SagaEnd['status'][];
}

/** A case that can be run by anything; it rejects with `saga.case-failed` and everything that was wrong. */
export interface SagaCase extends CasePlan {
  run(harness: SagaHarness): Promise<void>;
}

export interface SagaCaseOptions {
  /** Steps whose cases are wanted; steps the harness's input skips must be left out here, for a fault that does not fire fails its case. */
  readonly steps?: (step: string) => boolean;
  readonly kinds?: readonly CaseKind[];
  /** Every `count`-th case, starting from `index` (0-based): one part of a suite spread over several runs. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Where a journal write is made to crash; before it and after its commit unless said otherwise. */
  readonly crashMoments?: readonly CrashMoment[];
  /** Where cases that go back are cancelled; the first step of the last stage that can be taken back unless said otherwise. */
  readonly goBackAt?: string;
  /** Other ends than the definition promises, for a harness that makes faults differently. */
  readonly ends?: (plan: CasePlan) => readonly SagaEnd['status'][] | undefined;
}

/**
 * All cases of a saga: the happy path; each step repeated, failed before and after its effect, and never answered; each
 * undo repeated, failed once and failed for ever; the same for the steps of the turn; a cancel at each step; a crash
 * before and after each journal write, forwards and going back.
 */
export function sagaCases(definition: SagaDefinition, options: SagaCaseOptions = {}): SagaCase[] {
  const back = goBackStepOf(definition, options);
  const plans = [
    { name: 'happy path: ends done', kind: 'happy', ends: ['done'] } satisfies CasePlan,
    ...stepCases(definition),
    ...(back === undefined ? [] : [...undoCases(definition, back), ...turnCases(definition, back)]),
    ...crashCases(definition, options, back),
  ];
  const { steps = () => true, kinds = CASE_KINDS, shard = { index: 0, count: 1 } } = options;
  return plans
    .filter(({ kind, step }) => kinds.includes(kind) && (step === undefined || steps(step)))
    .filter((_, index) => index % shard.count === shard.index)
    .map((plan): SagaCase => {
      const wanted = { ...plan, ends: options.ends?.(plan) ?? plan.ends };
      return { ...wanted, run: (harness) => runCase(definition, wanted, harness) };
    });
}

function goBackStepOf(definition: SagaDefinition, { goBackAt }: SagaCaseOptions): string | undefined {
  return goBackAt ?? definition.stages[forwardOnlyStageOf(definition) - 1]?.[0]?.name;
}

function faultCase(step: string, phase: FaultPhase, times: FaultSpec['times'], ends: CasePlan['ends']): CasePlan {
  const often = phase.startsWith('undo-') || phase === 'repeat' ? '' : ` (${times})`;
  return {
    name: `${step}: ${phase}${often}: ends ${ends.join(' or ')}`,
    kind: phase,
    step,
    ends,
    fault: { step, phase, times },
  };
}

function stepCases(definition: SagaDefinition): CasePlan[] {
  const point = forwardOnlyStageOf(definition);
  return definition.stages.flatMap((stage, index) =>
    stage.flatMap((step): CasePlan[] => {
      const canGoBack = index < point;
      const refusedOnce = canGoBack && actionOf(step) !== 'retry' ? goodEnd(actionOf(step)) : 'done';
      const patient = step.policy.retry.attempts > 1;
      const unknownOnce = patient ? 'done' : canGoBack ? goodEnd(step.policy.onUnknown) : 'stuck';
      return [
        faultCase(step.name, 'repeat', 'once', ['done']),
        faultCase(step.name, 'before-effect', 'once', [refusedOnce]),
        faultCase(step.name, 'before-effect', 'always', [canGoBack ? goodEnd(actionOf(step)) : 'stuck']),
        faultCase(step.name, 'after-effect', 'once', [unknownOnce]),
        faultCase(step.name, 'after-effect', 'always', [canGoBack ? goodEnd(step.policy.onUnknown) : 'stuck']),
        faultCase(step.name, 'timeout-unknown', 'once', [unknownOnce]),
        cancelCase(step.name, canGoBack),
      ];
    }),
  );
}

function cancelCase(step: string, canGoBack: boolean): CasePlan {
  const end = canGoBack ? 'undone' : 'done';
  return { name: `cancelled at ${step}: ends ${end}`, kind: 'cancel', step, cancelAt: step, ends: [end] };
}

function actionOf({ policy: { onRefused } }: StepDefinition): string {
  return typeof onRefused === 'string' ? onRefused : (onRefused['*'] ?? 'go-back');
}

function goodEnd(action: string): 'undone' | 'stuck' {
  return action === 'stuck' ? 'stuck' : 'undone';
}

function undoCases(definition: SagaDefinition, cancelAt: string): CasePlan[] {
  const stages = definition.stages.slice(0, turnStageOf(definition));
  return stages.flat().flatMap(({ name, undo }) => {
    if (undo.kind !== 'command') return [];
    const patient = undo.policy.retry.attempts > 1;
    return [
      { ...faultCase(name, 'undo-repeat', 'once', ['undone']), cancelAt },
      { ...faultCase(name, 'undo-fails-once', 'once', [patient ? 'undone' : 'stuck']), cancelAt },
      { ...faultCase(name, 'undo-fails-forever', 'always', ['stuck']), cancelAt },
    ];
  });
}

function turnCases(definition: SagaDefinition, cancelAt: string): CasePlan[] {
  return (definition.turn?.stages ?? []).flat().flatMap(({ name, policy }) => {
    const once = policy.retry.attempts > 1 ? 'undone' : 'stuck';
    return [
      { ...faultCase(name, 'repeat', 'once', ['undone']), cancelAt },
      { ...faultCase(name, 'before-effect', 'once', [once]), cancelAt },
      { ...faultCase(name, 'before-effect', 'always', ['stuck']), cancelAt },
      { ...faultCase(name, 'after-effect', 'once', [once]), cancelAt },
      { ...faultCase(name, 'timeout-unknown', 'once', [once]), cancelAt },
    ];
  });
}

interface Write {
  readonly event: JournalEventName;
  readonly step?: string;
}

function writesOf(steps: readonly StepDefinition[], direction: 'step' | 'undo'): Write[] {
  return steps.flatMap(({ name }) => [
    { event: `${direction}-sent` as const, step: name },
    { event: `${direction}-done` as const, step: name },
  ]);
}

function crashCases(definition: SagaDefinition, options: SagaCaseOptions, back: string | undefined): CasePlan[] {
  const moments = options.crashMoments ?? ['before-append', 'after-commit'];
  const at = (
    kind: 'crash' | 'crash-going-back',
    writes: readonly Write[],
    more: Pick<CasePlan, 'ends' | 'cancelAt'>,
  ): CasePlan[] =>
    writes.flatMap((write) =>
      moments.map((moment): CasePlan => {
        const crash = crashPoint(moment, write as Parameters<typeof crashPoint>[1]);
        const name = `${kind === 'crash' ? 'crash' : 'crash while going back'} at ${crash}: ends ${more.ends.join(' or ')}`;
        return { name, kind, crash, ...more, ...(write.step !== undefined && { step: write.step }) };
      }),
    );
  const point: Write[] = definition.pointOfNoReturn === undefined ? [] : [{ event: 'point-of-no-return' }];
  const forward: Write[] = [
    { event: 'started' },
    ...writesOf(definition.stages.flat(), 'step'),
    ...point,
    { event: 'ended' },
  ];
  const plain = definition.stages.slice(0, turnStageOf(definition)).flat();
  const backward: Write[] = [
    { event: 'cancelled' },
    { event: definition.turn ? 'turned' : 'going-back' },
    ...writesOf((definition.turn?.stages ?? []).flat(), 'step'),
    ...writesOf(
      [...plain].reverse().filter(({ undo }) => undo.kind === 'command'),
      'undo',
    ),
    { event: 'ended' },
  ];
  return [
    ...at('crash', forward, { ends: ['done'] }),
    ...(back === undefined ? [] : at('crash-going-back', backward, { ends: ['undone'], cancelAt: back })),
  ];
}

async function runCase(definition: SagaDefinition, plan: CasePlan, harness: SagaHarness): Promise<void> {
  const input = await harness.start();
  const handles: [string, FaultHandle][] = [];
  if (plan.fault) {
    handles.push([
      `${plan.fault.phase} at ${plan.fault.step}`,
      harness.injectFault({ ...plan.fault, saga: definition.name }),
    ]);
  }
  if (plan.crash) handles.push([plan.crash, harness.crashAt(plan.crash)]);
  if (plan.cancelAt !== undefined) handles.push([`cancel at ${plan.cancelAt}`, harness.cancelAt(plan.cancelAt)]);
  const end = await harness.runSaga(input);
  const problems = [
    ...handles.filter(([, handle]) => handle.firedCount() === 0).map(([name]) => `did not fire: ${name}`),
    ...evidenceProblems(plan, end),
    ...(plan.ends.includes(end.status) ? [] : [`ended ${end.status}, not ${plan.ends.join(' or ')}${whyOf(end)}`]),
    ...(end.status === 'stuck' && !end.stuck?.reason ? ['is stuck without a reason'] : []),
    ...(await harness.checkWorld(end)).map((violation) => `world: ${violation}`),
  ];
  if (problems.length === 0) return;
  throw new AppError('saga.case-failed', `${definition.name}: ${plan.name}\n  ${problems.join('\n  ')}`, {
    details: { case: plan.name, problems, journal: end.journal },
  });
}

/** A failure has to show in the journal at the step it was injected at: a saga that failed elsewhere proves nothing. */
function evidenceProblems({ fault }: CasePlan, end: SagaEnd): string[] {
  if (fault === undefined || fault.phase === 'repeat' || fault.phase === 'undo-repeat') return [];
  const direction = fault.phase.startsWith('undo-') ? 'undo' : 'step';
  const shows = end.journal.some(
    (row) =>
      (row.event === `${direction}-refused` || row.event === `${direction}-unknown`) &&
      'step' in row &&
      row.step === fault.step,
  );
  return shows ? [] : [`the journal shows no failure at ${fault.step}`];
}

function whyOf(end: SagaEnd): string {
  return end.stuck ? ` (${end.stuck.reason})` : '';
}
