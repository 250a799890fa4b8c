import type { StepDefinition, SagaDefinition, SagaState, UnitState, JournalRow } from '@rackwright/saga';
import { foldJournal, unitKey } from '@rackwright/saga';
import { asUnitRow, keyOfRow, phaseOf, type RunStep } from './run-progress.policy.js';

interface Times {
  label?: string;
  startedAt?: string;
  endedAt?: string;
  last?: 'done' | 'refused' | 'unknown' | 'sent';
}

interface Seen {
  readonly definition: SagaDefinition | undefined;
  readonly state: SagaState;
  readonly times: ReadonlyMap<string, Times>;
}

/** The timeline of a run: every step of its saga in order, then what the way back added. Pure. */
export function stepsOfRun(
  definition: SagaDefinition | undefined,
  sagaId: string,
  rows: readonly JournalRow[],
): RunStep[] {
  const seen: Seen = { definition, state: foldJournal({ sagaId, rows }), times: timesOf(rows) };
  const forward = (definition?.stages ?? []).flat().flatMap((step) => stepsFor(seen, step));
  const listed = new Set(forward.map((step) => step.step));
  // What only the journal can tell: undos, the turn, the proof before an abandon, steps this process has no code for.
  const others = [...seen.times.keys()].filter((key) => !listed.has(key)).flatMap((key) => unitStep(seen, key) ?? []);
  return [...forward, ...others, ...(seen.state.mode === 'turning' ? waitingTurn(seen, others) : [])];
}

function timesOf(rows: readonly JournalRow[]): ReadonlyMap<string, Times> {
  const times = new Map<string, Times>();
  for (const row of rows) {
    const unitRow = asUnitRow(row);
    if (!unitRow) continue;
    const key = keyOfRow(unitRow);
    const known = times.get(key) ?? {};
    times.set(key, known);
    known.last = unitRow.event.replace(/^(step|undo)-/, '') as NonNullable<Times['last']>;
    if (unitRow.event === 'step-sent' || unitRow.event === 'undo-sent') {
      known.label = unitRow.data.summary;
      known.startedAt ??= unitRow.at;
      delete known.endedAt;
    } else known.endedAt = unitRow.at;
  }
  return times;
}

function stepsFor(seen: Seen, step: StepDefinition): RunStep[] {
  const { state } = seen;
  if (state.skipped.has(step.name)) return [placeholder(seen, step, 'skipped')];
  const items = state.itemsEver.get(step.name);
  if (step.forEach === undefined || items === undefined) {
    return [unitStep(seen, step.name) ?? placeholder(seen, step, isOver(seen) ? 'skipped' : 'waiting')];
  }
  return items.map(({ key }) => {
    const name = unitKey({ step: step.name, item: key, undo: false });
    return unitStep(seen, name) ?? { ...placeholder(seen, step, isOver(seen) ? 'skipped' : 'waiting'), step: name };
  });
}

/** Nothing more will be begun on the way forward. */
function isOver({ state }: Seen): boolean {
  return state.mode !== 'forward' || state.abandoning || (state.status !== 'open' && state.status !== 'stuck');
}

function placeholder(seen: Seen, step: StepDefinition, state: 'skipped' | 'waiting'): RunStep {
  const label = typeof step.summary === 'string' ? step.summary : step.command.summary;
  return { step: step.name, label, phase: phaseOf(step.name, seen.definition), state, attempt: 0 };
}

function waitingTurn(seen: Seen, listed: readonly RunStep[]): RunStep[] {
  const begun = new Set(listed.map(({ step }) => step.replace(/\[.*$/, '')));
  return (seen.definition?.turn?.stages ?? [])
    .flat()
    .filter((step) => !begun.has(step.name))
    .map((step) => placeholder(seen, step, seen.state.status === 'open' ? 'waiting' : 'skipped'));
}

function unitStep(seen: Seen, key: string): RunStep | undefined {
  const unit = seen.state.units.get(key);
  const times = seen.times.get(key);
  if (unit === undefined || times === undefined) return undefined;
  const evidence = evidenceOf(unit.result);
  const { failure } = unit;
  return {
    step: key,
    label: times.label ?? key,
    phase: phaseOf(key, seen.definition),
    state: unitStateOf(seen, key, unit),
    attempt: unit.attempt,
    ...(times.startedAt !== undefined && { startedAt: times.startedAt }),
    ...(times.endedAt !== undefined && unit.status !== 'sent' && { endedAt: times.endedAt }),
    ...(failure !== undefined && unit.status !== 'done' && { note: `${failure.code}: ${failure.message}` }),
    ...(evidence !== undefined && { evidence }),
  };
}

function unitStateOf(seen: Seen, key: string, unit: UnitState): RunStep['state'] {
  switch (unit.status) {
    case 'sent':
      return unit.tries > 1 ? 'retrying' : 'running';
    case 'done':
      return isUndone(seen, key, unit) ? 'undone' : 'done';
    case 'idle':
      // An operator's verb made it free to be tried again; when that never came, its last answer still stands.
      return failedState(seen, key, unit) ?? 'waiting';
    default:
      return failedState(seen, key, unit) ?? 'failed';
  }
}

/** How a step stands whose last attempt failed; undefined when it did not. */
function failedState(seen: Seen, key: string, unit: UnitState): RunStep['state'] | undefined {
  const { state } = seen;
  const last = seen.times.get(key)?.last;
  if (last !== 'refused' && last !== 'unknown') return undefined;
  const isForward = phaseOf(key, seen.definition) === 'forward';
  if (state.status === 'open' && !state.abandoning && (!isForward || state.mode === 'forward')) return 'retrying';
  if (isUndone(seen, key, unit)) return 'undone';
  return last === 'refused' ? 'refused' : 'failed';
}

function isUndone({ state, definition }: Seen, key: string, unit: UnitState): boolean {
  if (state.units.get(`undo:${key}`)?.status === 'done') return true;
  const step = (definition?.stages ?? []).flat().find(({ name }) => name === unit.step);
  return state.status === 'undone' && step?.undo.kind === 'turn';
}

/** The readings a step rests on, as its result carries them. */
export function evidenceOf(result: unknown): Record<string, unknown>[] | undefined {
  const evidence: unknown = (result as { evidence?: unknown } | null | undefined)?.evidence;
  if (!Array.isArray(evidence) || evidence.length === 0) return undefined;
  return evidence.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null);
}
