import { Injectable } from '@nestjs/common';
import {
  done,
  refused,
  type CommandDefinition,
  type coordinator,
  type InputOf,
  type OutcomeOf,
} from '@rackwright/contracts';
import type { Tx } from '@rackwright/persistence';
import {
  parseUnitKey,
  SagaEngine,
  SagaRegistry,
  stepsOf,
  type OperatorRequest,
  type VerbRefusal,
} from '@rackwright/saga';
import { RunStore, type RunRow } from './run.store.js';

type VerbInput = InputOf<typeof coordinator.cancelRun>;
type VerbOutcome = OutcomeOf<typeof coordinator.cancelRun>;

const ALREADY: readonly VerbRefusal[] = ['saga.already-cancelled', 'saga.already-going-back'];
const NO_REASON = 'no reason given';

type Codes = Readonly<Partial<Record<VerbRefusal, string>>>;

/** Refusals of the engine in the words of the contract: for a cancel, and for the verbs of a stuck run. */
const CANCEL_CODES: Codes = {
  'saga.not-found': 'unknown-run',
  'saga.past-point-of-no-return': 'past-no-return',
  // None of these can go back as cancelling would: the message says what can be done instead.
  'saga.stuck-going-back': 'past-no-return',
  'saga.abandoning': 'past-no-return',
  'saga.unknown-definition': 'past-no-return',
};
const STUCK_CODES: Codes = {
  'saga.not-found': 'unknown-run',
  'saga.not-failed': 'wrong-step',
  'saga.may-not-be-marked-done': 'not-vouchable',
  'saga.result-invalid': 'not-vouchable',
  'saga.abandon-not-possible': 'not-inert',
};

/** What operators may do to a run. Each is a row of the journal, with who and why. */
@Injectable()
export class RunVerbs {
  constructor(
    private readonly engine: SagaEngine<Tx>,
    private readonly registry: SagaRegistry,
    private readonly runs: RunStore,
  ) {}

  async cancel(tx: Tx, { runId, actor, reason }: VerbInput): Promise<VerbOutcome> {
    const answer = await this.engine.cancel(runId, { actor, reason: reason || NO_REASON }, tx);
    // Asked twice is asked once: it is on its way back already.
    if (answer.kind === 'accepted' || ALREADY.includes(answer.code)) return done({});
    return refused(CANCEL_CODES[answer.code] ?? 'run-ended', answer.message);
  }

  retry(tx: Tx, { runId, actor, reason }: VerbInput): Promise<VerbOutcome> {
    return this.operate(tx, runId, { verb: 'retry', actor, reason: reason || NO_REASON });
  }

  abandon(tx: Tx, { runId, actor, reason }: VerbInput): Promise<VerbOutcome> {
    return this.operate(tx, runId, { verb: 'abandon', actor, reason: reason || NO_REASON });
  }

  async markDone(tx: Tx, input: InputOf<typeof coordinator.markRunDone>): Promise<VerbOutcome> {
    const { runId, actor, step } = input;
    const reason = input.reason || NO_REASON;
    const [run] = await this.runs.read(tx, [runId]);
    if (!run) return refused('unknown-run', `there is no run ${runId}`);
    if (run.state !== 'stuck') return refused('run-not-stuck', `the run is ${run.state}`);
    const { stuckAt } = run.progress;
    if (stuckAt !== step) return refused('wrong-step', `the run is stuck at ${stuckAt ?? 'no step'}, not at ${step}`);
    return this.operate(tx, runId, { verb: 'mark-done', actor, reason, at: step, result: this.vouched(run, step) });
  }

  private async operate(tx: Tx, runId: string, request: OperatorRequest): Promise<VerbOutcome> {
    const answer = await this.engine.operate(runId, request, tx);
    if (answer.kind === 'accepted') return done({});
    return refused(STUCK_CODES[answer.code] ?? 'run-not-stuck', answer.message);
  }

  /** The result a person can stand for. Steps whose result later steps need facts from cannot be vouched for. */
  private vouched({ saga, version }: RunRow, key: string): unknown {
    const ref = parseUnitKey(key);
    const definition = this.registry.find(saga, version);
    const step = ref && definition && stepsOf(definition).get(ref.step);
    if (!step) return {};
    const command = ref.undo && step.undo.kind === 'command' ? step.undo.command : step.command;
    return vouchedResult(command);
  }
}

/** The result without any reading that fits the command; undefined when a person cannot know what it holds. */
export function vouchedResult(command: CommandDefinition): unknown {
  const candidates = [{}, { evidence: [] }, { changed: true }, { changed: true, evidence: [] }];
  return candidates.find((candidate) => command.result.safeParse(candidate).success);
}
