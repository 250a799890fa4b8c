import { AppError } from '@rackwright/kernel';
import type { HardwareEvent, World } from '../world/index.js';

/** Something that must never happen, seen in the hardware itself. */
export interface Violation {
  /** Invariant of the safety rules: `I1`, `I2`… */
  readonly invariant: string;
  readonly message: string;
  readonly servers: readonly string[];
}

/** Looks at the world after one event. Keeps no opinion about what any control plane intended. */
export interface Checker {
  readonly invariant: string;
  check(world: World, event: HardwareEvent): Violation | undefined;
}

/** What is known when an invariant broke: enough to replay it. */
export interface ViolationReport {
  readonly violation: Violation;
  readonly event: HardwareEvent;
  readonly seed: number;
  readonly site: string;
  /** The events before, oldest first, the guilty one last. */
  readonly history: readonly HardwareEvent[];
}

export interface CheckerOptions {
  /** `stop` (default) halts the world at the first violation; `record` goes on and collects (demonstrations). */
  readonly onViolation?: 'stop' | 'record';
}

const HISTORY_IN_REPORT = 200;
const REPORTS_MAX = 100;

/** Runs every checker after every hardware event. */
export class CheckerSet {
  private readonly found: ViolationReport[] = [];
  private readonly stopObserving: () => void;
  private checkedEvents = 0;

  constructor(
    private readonly world: World,
    private readonly checkers: readonly Checker[],
    private readonly options: CheckerOptions = {},
  ) {
    this.stopObserving = world.observe((event) => this.onEvent(event));
  }

  get reports(): readonly ViolationReport[] {
    return this.found;
  }

  status(): {
    readonly ok: boolean;
    readonly checkedEvents: number;
    readonly invariants: readonly string[];
    readonly violations: readonly Violation[];
  } {
    return {
      ok: this.found.length === 0,
      checkedEvents: this.checkedEvents,
      invariants: [...new Set(this.checkers.map((each) => each.invariant))],
      violations: this.found.map((report) => report.violation),
    };
  }

  /** Throws `sim.violation` with the first report when an invariant was broken; for the end of every test. */
  assertClean(): void {
    const first = this.found[0];
    if (first) throw violationError(first);
  }

  stop(): void {
    this.stopObserving();
  }

  private onEvent(event: HardwareEvent): void {
    this.checkedEvents++;
    for (const checker of this.checkers) {
      const violation = checker.check(this.world, event);
      if (violation) this.report(violation, event);
    }
  }

  private report(violation: Violation, event: HardwareEvent): void {
    const known = this.found.some((each) => each.violation.message === violation.message);
    if (known || this.found.length >= REPORTS_MAX) return;
    const { seed, site } = this.world.state;
    const history = this.world.history().filter((each) => each.sequence <= event.sequence);
    const report = { violation, event, seed, site, history: history.slice(-HISTORY_IN_REPORT) };
    this.found.push(report);
    if (this.options.onViolation !== 'record') this.world.core.halt(violationError(report));
  }
}

function violationError(report: ViolationReport): AppError {
  const { violation, seed } = report;
  return new AppError('sim.violation', `${violation.invariant}: ${violation.message} (seed ${seed})`, {
    details: { report },
  });
}
