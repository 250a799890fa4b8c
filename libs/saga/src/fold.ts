import {
  unitKey,
  type Failure,
  type FanOutItem,
  type JournalFact,
  type JournalRow,
  type SagaJournal,
  type SagaStatus,
  type StuckReport,
} from './journal.js';

/** How far one unit (a step, or one item of it, forwards or undone) has come. */
export interface UnitState {
  readonly step: string;
  readonly item: string | undefined;
  status: 'idle' | 'sent' | 'done' | 'refused' | 'unknown';
  /** Number of the latest attempt, over the whole life of the saga. */
  attempt: number;
  /** Attempts since the saga started or an operator resumed it: what the retry policy counts. */
  tries: number;
  /** False while nothing was sent, or every attempt was refused: then there is nothing to take back. */
  mayHaveEffect: boolean;
  /** Epoch of the latest attempt; an outcome of any other is void. */
  sentEpoch: number;
  dueAt: string | undefined;
  settledAt: string | undefined;
  result: unknown;
  failure: Failure | undefined;
}

/** What a journal amounts to. Made by {@link foldJournal} alone; knows nothing of definitions. */
export interface SagaState {
  readonly sagaId: string;
  saga: string;
  version: number;
  input: unknown;
  actor: string | undefined;
  status: SagaStatus;
  mode: 'forward' | 'turning' | 'undoing';
  /** An operator asked for the proof that allows to abandon; the mode is what it returns to when the proof fails. */
  abandoning: boolean;
  cancelled: boolean;
  pastPoint: boolean;
  epoch: number;
  /** Sequence of the last row. */
  sequence: number;
  stuck?: StuckReport;
  because?: string;
  readonly skipped: Set<string>;
  readonly items: Map<string, readonly FanOutItem[]>;
  /** All items a step ever had, those of before a retry first. */
  readonly itemsEver: Map<string, readonly FanOutItem[]>;
  readonly units: Map<string, UnitState>;
  /** How many rows there are of each event (and step) that belongs to no attempt. */
  readonly occurrences: Map<string, number>;
}

/** A state before any row. */
export function emptyState(sagaId: string): SagaState {
  return {
    sagaId,
    saga: '',
    version: 0,
    input: undefined,
    actor: undefined,
    status: 'open',
    mode: 'forward',
    abandoning: false,
    cancelled: false,
    pastPoint: false,
    epoch: 0,
    sequence: 0,
    skipped: new Set(),
    items: new Map(),
    itemsEver: new Map(),
    units: new Map(),
    occurrences: new Map(),
  };
}

/** The unit's state, made on first use. */
export function unitOf(state: SagaState, step: string, item: string | undefined, undo: boolean): UnitState {
  const key = unitKey({ step, undo, ...(item !== undefined && { item }) });
  let unit = state.units.get(key);
  if (unit === undefined) {
    // All fields from the start: units are what the planner touches most.
    unit = {
      step,
      item,
      status: 'idle',
      attempt: 0,
      tries: 0,
      mayHaveEffect: false,
      sentEpoch: 0,
      dueAt: undefined,
      settledAt: undefined,
      result: undefined,
      failure: undefined,
    };
    state.units.set(key, unit);
  }
  return unit;
}

type UnitRow = Extract<
  JournalRow,
  { readonly data: { readonly dueAt: string } | Failure | { readonly result: unknown } }
>;

function applyUnitRow(state: SagaState, row: Extract<UnitRow, { step: string }>): void {
  const unit = unitOf(state, row.step, row.item, row.event.startsWith('undo-'));
  unit.attempt = Math.max(unit.attempt, row.attempt);
  switch (row.event) {
    case 'step-sent':
    case 'undo-sent':
      unit.status = 'sent';
      unit.tries += 1;
      unit.sentEpoch = row.epoch;
      unit.dueAt = row.data.dueAt;
      return;
    case 'step-done':
    case 'undo-done':
      unit.status = 'done';
      unit.mayHaveEffect = true;
      unit.result = row.data.result;
      unit.failure = undefined;
      break;
    case 'step-refused':
    case 'undo-refused':
      unit.status = 'refused';
      unit.failure = row.data;
      break;
    default:
      unit.status = 'unknown';
      unit.mayHaveEffect = true;
      unit.failure = row.data;
  }
  unit.settledAt = row.at;
}

/** A step that runs again starts from nothing known, but keeps its attempt numbers and the memory that it may have acted. */
function forget(state: SagaState, steps: readonly string[]): void {
  for (const unit of state.units.values()) {
    if (!steps.includes(unit.step)) continue;
    unit.status = 'idle';
    unit.result = undefined;
    unit.failure = undefined;
  }
  for (const step of steps) {
    state.skipped.delete(step);
    state.items.delete(step);
  }
}

function applyResumed(state: SagaState, row: Extract<JournalRow, { event: 'resumed' }>): void {
  resume(state);
  state.abandoning = row.data.verb === 'abandon';
  forget(state, row.data.again ?? []);
}

function resume(state: SagaState): void {
  state.status = 'open';
  delete state.stuck;
  for (const unit of state.units.values()) {
    unit.tries = 0;
    if (unit.status === 'refused' || unit.status === 'unknown') unit.status = 'idle';
  }
}

function fanOut(state: SagaState, step: string, items: readonly FanOutItem[]): void {
  const before = state.itemsEver.get(step) ?? [];
  const added = items.filter(({ key }) => !before.some((item) => item.key === key));
  state.items.set(step, items);
  state.itemsEver.set(step, [...before, ...added]);
}

function applySagaRow(state: SagaState, row: Exclude<JournalRow, UnitRow & { step: string }>): void {
  switch (row.event) {
    case 'started':
      state.saga = row.data.saga;
      state.version = row.data.version;
      state.input = row.data.input;
      state.actor = row.data.actor;
      return;
    case 'step-skipped':
      state.skipped.add(row.step);
      return;
    case 'step-fanned-out':
      fanOut(state, row.step, row.data.items);
      return;
    case 'epoch-raised':
      return;
    case 'point-of-no-return':
      state.pastPoint = true;
      return;
    case 'cancelled':
      state.cancelled = true;
      if (state.status === 'stuck') resume(state);
      return;
    case 'going-back':
    case 'turned':
      state.mode = row.event === 'turned' ? 'turning' : 'undoing';
      state.because = row.data.because;
      return;
    case 'stuck':
      state.status = 'stuck';
      state.stuck = row.data;
      state.abandoning = false;
      return;
    case 'resumed':
      applyResumed(state, row);
      return;
    case 'ended':
      state.status = row.data.end;
  }
}

/** Takes one more row into the state, in place. */
export function applyRow(state: SagaState, row: JournalRow): void {
  state.sequence = row.sequence;
  state.epoch = row.epoch;
  switch (row.event) {
    case 'step-sent':
    case 'step-done':
    case 'step-refused':
    case 'step-unknown':
    case 'undo-sent':
    case 'undo-done':
    case 'undo-refused':
    case 'undo-unknown':
      applyUnitRow(state, row);
      return;
    default:
      state.occurrences.set(occurrenceKey(row), row.attempt);
      applySagaRow(state, row);
  }
}

function occurrenceKey(fact: JournalFact): string {
  return 'step' in fact ? `${fact.event}:${fact.step}` : fact.event;
}

/** Gives a fact its place after the state's last row, takes it in, and returns the row. */
export function recordFact(state: SagaState, fact: JournalFact, now: Date): JournalRow {
  const row: JournalRow = {
    ...fact,
    sequence: state.sequence + 1,
    at: now.toISOString(),
    epoch: fact.event === 'epoch-raised' ? fact.data.to : state.epoch,
    attempt: 'attempt' in fact ? fact.attempt : (state.occurrences.get(occurrenceKey(fact)) ?? 0) + 1,
  };
  applyRow(state, row);
  return row;
}

/** A state before its first row, at the epoch the saga starts with. */
export function newState(sagaId: string, epoch: number): SagaState {
  return { ...emptyState(sagaId), epoch };
}

/** Reads a journal, oldest row first. */
export function foldJournal({ sagaId, rows }: SagaJournal): SagaState {
  const state = emptyState(sagaId);
  for (const row of rows) applyRow(state, row);
  return state;
}

/** The open-ended facts of {@link JournalFact} that only the planner makes; all others come from outside. */
export function isPlanned(row: JournalRow): boolean {
  switch (row.event) {
    case 'step-unknown':
    case 'undo-unknown':
      return row.data.code === DEADLINE_PASSED;
    case 'step-refused':
    case 'undo-refused':
      return row.data.final === true;
    case 'started':
    case 'cancelled':
    case 'resumed':
    case 'step-done':
    case 'undo-done':
    case 'epoch-raised':
      return false;
    default:
      return true;
  }
}

/** Code of an attempt that nobody answered in time. */
export const DEADLINE_PASSED = 'saga.deadline-passed';
