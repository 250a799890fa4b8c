import type { coordinator } from '@rackwright/contracts';
import { unitKey, type JournalRow, type SagaDefinition, type SagaStatus, stepsOf } from '@rackwright/saga';

export type RunState = coordinator.RunView['state'];
export type RunStep = coordinator.RunView['steps'][number];

/** A step under way or in trouble. */
export interface OpenUnit {
  readonly label: string;
  readonly startedAt: string;
  readonly attempt: number;
  readonly trouble?: 'refused' | 'unknown';
}

/** What the list of runs has to know of a journal, kept beside the run so that a change costs no reading of the journal. */
export interface RunProgress {
  readonly mode: 'forward' | 'going-back' | 'abandoning';
  readonly cancelled: boolean;
  readonly pastPoint: boolean;
  readonly units: Readonly<Record<string, OpenUnit>>;
  /** Why it went back, in the words of the journal. */
  readonly because?: string;
  /** Set while stuck. */
  readonly stuckAt?: string;
  readonly abandonedBy?: string;
}

export const NO_PROGRESS: RunProgress = { mode: 'forward', cancelled: false, pastPoint: false, units: {} };

type UnitRow = Extract<JournalRow, { event: `${'step' | 'undo'}-${'sent' | 'done' | 'refused' | 'unknown'}` }>;

/** The row when it is about one attempt at a step. */
export function asUnitRow(row: JournalRow): UnitRow | undefined {
  return /^(step|undo)-(sent|done|refused|unknown)$/.test(row.event) ? (row as UnitRow) : undefined;
}

/** The name of a step in a run: `fence-source[srv_1]` for one of many, `undo:reserve-server` when it is taken back. */
export function keyOfRow(row: UnitRow): string {
  const undo = row.event.startsWith('undo-');
  return unitKey({ step: row.step, undo, ...(row.item !== undefined && { item: row.item }) });
}

/** Takes one more journal row in; pure. */
export function advanceProgress(progress: RunProgress, row: JournalRow): RunProgress {
  const unitRow = asUnitRow(row);
  if (unitRow) return { ...progress, units: advanceUnits(progress.units, unitRow) };
  const { stuckAt: _, ...free } = progress;
  switch (row.event) {
    case 'point-of-no-return':
      return { ...progress, pastPoint: true };
    case 'cancelled':
      return { ...free, cancelled: true, because: `${row.data.actor} cancelled it: ${row.data.reason}` };
    case 'going-back':
    case 'turned':
      return {
        ...free,
        mode: 'going-back',
        because: progress.cancelled && progress.because ? progress.because : row.data.because,
        units: untroubled(progress.units),
      };
    case 'stuck':
      return { ...progress, mode: beforeAbandon(progress), ...(row.data.at !== undefined && { stuckAt: row.data.at }) };
    case 'resumed':
      return {
        ...free,
        units: untroubled(progress.units),
        ...(row.data.verb === 'abandon' && {
          mode: 'abandoning',
          abandonedBy: `${row.data.actor} abandoned it: ${row.data.reason}`,
        }),
      };
    case 'ended':
      return { ...free, units: {} };
    default:
      return progress;
  }
}

function beforeAbandon({ mode, because }: RunProgress): RunProgress['mode'] {
  if (mode !== 'abandoning') return mode;
  return because === undefined ? 'forward' : 'going-back';
}

function advanceUnits(units: RunProgress['units'], row: UnitRow): RunProgress['units'] {
  const key = keyOfRow(row);
  const { [key]: before, ...others } = units;
  if (row.event === 'step-sent' || row.event === 'undo-sent') {
    const startedAt = before?.startedAt ?? row.at;
    return { ...others, [key]: { label: row.data.summary, startedAt, attempt: row.attempt, ...troubleOf(before) } };
  }
  if (row.event === 'step-done' || row.event === 'undo-done') return others;
  const trouble = row.event.endsWith('-refused') ? 'refused' : 'unknown';
  return {
    ...others,
    [key]: {
      label: before?.label ?? row.step,
      startedAt: before?.startedAt ?? row.at,
      attempt: row.attempt,
      trouble,
    },
  };
}

function troubleOf(unit: OpenUnit | undefined): Pick<OpenUnit, 'trouble'> {
  return unit?.trouble === undefined ? {} : { trouble: unit.trouble };
}

function untroubled(units: RunProgress['units']): RunProgress['units'] {
  return Object.fromEntries(Object.entries(units).filter(([, unit]) => unit.trouble === undefined));
}

/**
 * The state people see. A device that gave no answer is waited for, everything else that failed is retried; an
 * abandoned run counts as undone, its reason says which of the two it was.
 */
export function stateOf(status: SagaStatus, progress: RunProgress, definition: SagaDefinition | undefined): RunState {
  if (status === 'stuck' || status === 'done') return status;
  if (status !== 'open') return 'undone';
  if (progress.mode !== 'forward' || progress.cancelled) return 'going-back';
  const troubled = Object.entries(progress.units).filter(([, unit]) => unit.trouble !== undefined);
  if (troubled.length === 0) return 'running';
  const steps = definition ? stepsOf(definition) : undefined;
  const waits = troubled.some(([key, unit]) => {
    const step = steps?.get(key.replace(/\[.*$/, ''));
    return unit.trouble === 'unknown' && step?.command.effect === 'device';
  });
  return waits ? 'waiting-for-device' : 'retrying';
}

/** The verbs an operator may use now. */
export function verbsOf(
  state: RunState,
  progress: RunProgress,
  definition: SagaDefinition | undefined,
): coordinator.RunView['verbs'] {
  if (state === 'done' || state === 'undone') return [];
  const verbs: coordinator.RunView['verbs'] = [];
  const mayTurn = progress.mode === 'forward' && !progress.pastPoint && !progress.cancelled;
  if (mayTurn && definition !== undefined) verbs.push('cancel');
  if (state !== 'stuck') return verbs;
  verbs.push('retry');
  const at = progress.stuckAt?.replace(/^undo:/, '').replace(/\[.*$/, '');
  const step = at === undefined || definition === undefined ? undefined : stepsOf(definition).get(at);
  if (step !== undefined && !step.noMarkDone) verbs.push('mark-done');
  if (definition?.abandon !== undefined) verbs.push('abandon');
  return verbs;
}

/** The step a unit key is of, and on which way the run is there. */
export function phaseOf(key: string, definition: SagaDefinition | undefined): RunStep['phase'] {
  if (key.startsWith('undo:')) return 'undo';
  const name = key.replace(/\[.*$/, '');
  const back = [...(definition?.turn?.stages ?? []), ...(definition?.abandon ?? [])].flat();
  return back.some((step) => step.name === name) ? 'turn' : 'forward';
}
