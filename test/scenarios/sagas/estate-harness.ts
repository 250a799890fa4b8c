import { foldJournal, parseUnitKey, type CrashPoint } from '@rackwright/saga';
import type { FaultHandle, FaultSpec, SagaEnd, SagaHarness } from '@rackwright/saga/testing';
import { Estate } from '../estate/estate.js';
import type { Mishap } from '../estate/messaging-seam.js';
import { describeEnd, type RunEnd, type RunKind } from '../estate/runs.js';
import { journalOf } from './saga-journal.js';

/** Which profile the saga is about, and between which servers it moves. */
export interface HarnessOptions {
  readonly kind: RunKind;
  readonly define: (estate: Estate) => Promise<string>;
  readonly servers: readonly [string, string];
}

interface Situation {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

const MISHAPS: Readonly<Record<FaultSpec['phase'], Mishap>> = {
  repeat: 'repeat',
  'before-effect': 'refuse',
  'after-effect': 'lose-outcome',
  // Told at once, as if the deadline had passed without an answer: waiting for it would prove nothing more.
  'timeout-unknown': 'unknown',
  'undo-repeat': 'repeat',
  'undo-fails-once': 'refuse',
  'undo-fails-forever': 'refuse',
};
const RESUMES_MAX = 3;

class Counter implements FaultHandle {
  count = 0;

  firedCount(): number {
    return this.count;
  }
}

/**
 * A saga on the product's own services and the simulated site. One estate serves all cases: each begins with the profile
 * where the saga wants it, and a world that was checked to be right.
 */
export class EstateHarness implements SagaHarness {
  private profile = '';
  private placed: string | undefined;
  private situation: Situation = { from: undefined, to: undefined };
  private runId = '';
  private comingBack: Promise<void> | undefined;

  private constructor(
    private estate: Estate,
    private readonly options: HarnessOptions,
  ) {}

  static async open(options: HarnessOptions): Promise<EstateHarness> {
    const harness = new EstateHarness(await Estate.start(), options);
    harness.profile = await options.define(harness.estate);
    return harness;
  }

  async start(): Promise<unknown> {
    this.clearFaults();
    if (!(await this.prepare())) await this.renew();
    return { profile: this.profile, ...this.situation };
  }

  injectFault(fault: FaultSpec): FaultHandle {
    const counter = new Counter();
    const hit = new Set<string>();
    this.estate.seam.plan = ({ step }) => {
      const unit = parseUnitKey(step);
      if (unit?.step !== fault.step || unit.undo !== fault.phase.startsWith('undo-')) return undefined;
      if (fault.times === 'once' && hit.has(step)) return undefined;
      hit.add(step);
      counter.count += 1;
      return MISHAPS[fault.phase];
    };
    return counter;
  }

  crashAt(point: CrashPoint): FaultHandle {
    const counter = new Counter();
    this.estate.onCrashPoint = (passed) => {
      if (passed !== point || counter.count > 0) return;
      counter.count += 1;
      this.estate.service('saga-coordinator').cutOff();
      this.comingBack = this.estate.restart('saga-coordinator');
      throw new Error(`crashed at ${point}`);
    };
    return counter;
  }

  cancelAt(step: string): FaultHandle {
    const counter = new Counter();
    this.estate.seam.onCommand = async (sagaId, key) => {
      const unit = parseUnitKey(key);
      if (unit?.step !== step || unit.undo || counter.count > 0) return;
      counter.count += 1;
      await this.estate.runs.cancel(sagaId);
    };
    return counter;
  }

  async runSaga(): Promise<SagaEnd> {
    const { kind } = this.options;
    this.runId = await this.estate.runs.begin(kind, this.profile, this.situation.to);
    await this.estate.runs.untilRest(this.runId);
    await this.comingBack;
    const journal = await journalOf(this.estate.databases, this.runId);
    const { status, stuck } = foldJournal({ sagaId: this.runId, rows: journal });
    if (status === 'open') throw new Error(`run ${this.runId} is still open`);
    return { status, journal, ...(stuck && { stuck }) };
  }

  /** A stuck run must not have harmed anything, and must go on to a good end once the fault is gone. */
  async checkWorld({ status }: SagaEnd): Promise<readonly string[]> {
    this.clearFaults();
    const violations = this.estate.simulation.checkers.reports.map(({ violation }) => violation.message);
    if (status !== 'stuck') return [...violations, ...(await this.problemsAfter(status))];
    const end = await this.resume();
    if (end.state === 'stuck') return [...violations, `stays stuck without the fault: ${describeEnd(end)}`];
    return [...violations, ...(await this.problemsAfter(end.state)).map((problem) => `after resuming: ${problem}`)];
  }

  async close(): Promise<void> {
    await this.estate.close();
  }

  private clearFaults(): void {
    this.estate.seam.plan = undefined;
    this.estate.seam.onCommand = undefined;
    this.estate.onCrashPoint = undefined;
    this.comingBack = undefined;
  }

  private async resume(): Promise<RunEnd> {
    let end = await this.estate.runs.retry(this.runId);
    for (let times = 1; end.state === 'stuck' && times < RESUMES_MAX; times++) {
      end = await this.estate.runs.retry(this.runId);
    }
    return end;
  }

  private async problemsAfter(status: SagaEnd['status']): Promise<string[]> {
    const { from, to } = this.situation;
    this.placed = status === 'done' ? to : from;
    return this.estate.checkWorld({ placed: this.placed === undefined ? {} : { [this.profile]: this.placed } });
  }

  /** Brings the profile to where the saga begins; false when this world is beyond repair. */
  private async prepare(): Promise<boolean> {
    const { kind, servers } = this.options;
    try {
      const [first, second] = servers;
      if (kind === 'associate') {
        if (this.placed !== undefined) await this.must('disassociate', undefined);
        this.situation = { from: undefined, to: first };
      } else {
        if (this.placed === undefined) await this.must('associate', first);
        const other = this.placed === first ? second : first;
        this.situation = { from: this.placed, to: kind === 'migrate' ? other : undefined };
      }
      return (await this.problemsAfter('undone')).length === 0;
    } catch {
      return false;
    }
  }

  private async must(kind: RunKind, to: string | undefined): Promise<void> {
    const end = await this.estate.run(kind, this.profile, to);
    if (end.state !== 'done') throw new Error(describeEnd(end));
    this.placed = to;
  }

  /** A case before this one left a world no other case could begin in; it has said so itself. */
  private async renew(): Promise<void> {
    await this.estate.close();
    this.estate = await Estate.start();
    this.placed = undefined;
    this.profile = await this.options.define(this.estate);
    if (!(await this.prepare())) throw new Error('a new estate does not come up');
  }
}
