import type { CrashPoint } from '../crash-points.js';
import type { JournalRow, SagaStatus, StuckReport } from '../journal.js';

/**
 * How a step is made to fail.
 * - `before-effect`: the participant refuses (a device says no) and nothing was changed.
 * - `after-effect`: the effect happens, its answer is lost and the outcome is `unknown`.
 * - `timeout-unknown`: the command is never answered, and had no effect.
 * - `repeat`: it is carried out twice, and answered twice.
 * - `undo-…`: the same for the step's undo.
 */
export const FAULT_PHASES = [
  'repeat',
  'before-effect',
  'after-effect',
  'timeout-unknown',
  'undo-repeat',
  'undo-fails-once',
  'undo-fails-forever',
] as const;
export type FaultPhase = (typeof FAULT_PHASES)[number];

export interface FaultSpec {
  readonly saga: string;
  readonly step: string;
  readonly phase: FaultPhase;
  /** `once`: the first attempt (of each item) only. `always`: every attempt, so that the step fails for good. */
  readonly times: 'once' | 'always';
}

/** What was injected, to be asked whether it really happened. */
export interface FaultHandle {
  firedCount(): number;
}

/** How a saga came to rest, with its whole journal. */
export interface SagaEnd {
  readonly status: Exclude<SagaStatus, 'open'>;
  readonly journal: readonly JournalRow[];
  readonly stuck?: StuckReport;
}

/**
 * What a suite runs a saga against: scripted memory here, real services with the simulated data centre elsewhere. Used
 * by one case at a time. `start` gives a fresh world without any fault, whatever the case before left.
 */
export interface SagaHarness<In = unknown> {
  /** A fresh world, and an input that takes the saga through every step the suite names. */
  start(): Promise<In>;
  /** Before `runSaga`. */
  injectFault(fault: FaultSpec): FaultHandle;
  /** Kills the coordinator the first time the point is passed, and starts and recovers it again. */
  crashAt(point: CrashPoint): FaultHandle;
  /**
   * Cancels as an operator when the step was sent for the first time, before its outcome is taken in. Counts as fired when asked, even if
   * refused.
   */
  cancelAt(step: string): FaultHandle;
  /** Runs the saga until it rests; rejects when it does not within the harness's own bound. */
  runSaga(input: In): Promise<SagaEnd>;
  /** Everything that is wrong with the world after this end: violations, leftovers, what is missing. */
  checkWorld(end: SagaEnd): Promise<readonly string[]>;
  close(): Promise<void>;
}
