import { parseSubject, subjectOf, type CommandDefinition, type Outcome } from '@rackwright/contracts';
import type { Tx } from '@rackwright/persistence';
import { clean, GroupTaker, type Checked, type TakerParts } from './group-taker.js';
import type { HandlerRegistry, ReceivedOutcome } from './handlers.js';
import type { Incoming } from './intake.js';
import { REFUSALS } from './receipt.js';
import { inBatchTrace } from './tracing.js';
import type { Waiters } from './waiters.js';

interface TakenOutcome {
  readonly received: ReceivedOutcome;
  /** Set when the answer broke the contract and was replaced by `unknown`. */
  readonly broken?: string;
}

export const OUTCOME_CONSUMER = 'outcomes';

/** Takes outcomes addressed to this service: to whoever asked and waits, all others to the one receiver of the service. */
export class OutcomeTaker extends GroupTaker<TakenOutcome> {
  private readonly definitions: ReadonlyMap<string, CommandDefinition>;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly waiters: Waiters,
    sends: readonly CommandDefinition[],
    private readonly hint: (commandIds: readonly string[]) => void,
    parts: TakerParts,
  ) {
    super(OUTCOME_CONSUMER, parts);
    this.definitions = new Map(sends.map((definition) => [subjectOf(definition), definition]));
  }

  protected check(incoming: Incoming): Checked<TakenOutcome> {
    const { subject, item } = incoming;
    const parts = parseSubject(subject);
    if (parts === undefined || item.cause === undefined) {
      return {
        incoming,
        problem: { code: REFUSALS.unknownMessage, message: 'an outcome must say which command it answers' },
      };
    }
    // Several services may know a verb-noun (raise-epoch); who answers tells them apart.
    const command = { service: item.from, name: parts.name, version: parts.version };
    const definition = this.definitions.get(`rw.cmd.${command.service}.${command.name}.v${command.version}`);
    const { outcome, broken } = checkOutcome(item.body, definition);
    const received = {
      commandId: item.cause,
      messageId: item.id,
      command,
      outcome,
      ...(item.key === undefined ? {} : { key: item.key }),
    };
    return { incoming, value: { received, ...(broken === undefined ? {} : { broken }) } };
  }

  protected async apply(
    tx: Tx,
    fresh: readonly Checked<TakenOutcome>[],
    repeated: readonly Checked<TakenOutcome>[],
  ): Promise<void> {
    // Repeated ones too: an ask may have been repeated after its outcome had been taken.
    const all = [...fresh, ...repeated].flatMap(({ value }) => (value === undefined ? [] : [value.received]));
    const answered = new Set(await this.waiters.store(tx, all));
    for (const { incoming, value } of fresh)
      if (value?.broken !== undefined) await this.parkBroken(tx, incoming, value.broken);
    const toReceiver = fresh.flatMap(({ value }) =>
      value === undefined || answered.has(value.received.commandId) ? [] : [value.received],
    );
    const receive = this.registry.outcomes;
    if (toReceiver.length > 0 && receive !== undefined) {
      await inBatchTrace(
        fresh.map(({ incoming }) => incoming.item.trace),
        'outcomes',
        () => receive(toReceiver, tx),
      );
    }
    if (answered.size > 0) tx.afterCommit(() => this.tell(all.filter((outcome) => answered.has(outcome.commandId))));
  }

  protected async onParking(): Promise<void> {
    // Nobody waits for the outcome of an outcome; the log, the metric and the parked row say it.
  }

  private tell(answered: readonly ReceivedOutcome[]): void {
    const elsewhere = this.waiters.deliver(answered);
    if (elsewhere.length > 0) this.hint(elsewhere);
  }

  private async parkBroken(tx: Tx, { subject, item, raw }: Incoming, error: string): Promise<void> {
    await this.park(tx, {
      consumer: OUTCOME_CONSUMER,
      messageId: item.id,
      subject,
      code: REFUSALS.invalidOutcome,
      error: clean(error),
      attempts: 1,
      raw: raw(),
    });
  }
}

/** An answer that breaks the contract proves nothing about the effect, so it is `unknown`, never silence. */
function checkOutcome(body: unknown, definition: CommandDefinition | undefined): { outcome: Outcome; broken?: string } {
  const problem = problemOf(body, definition);
  if (problem === undefined) return { outcome: body as Outcome };
  return { outcome: { kind: 'unknown', code: REFUSALS.invalidOutcome, message: problem }, broken: problem };
}

function problemOf(body: unknown, definition: CommandDefinition | undefined): string | undefined {
  const outcome = body as Partial<Extract<Outcome, { kind: 'refused' }>> | null;
  const kind: unknown = outcome?.kind;
  if (kind === 'refused' || kind === 'unknown') {
    return typeof outcome?.code === 'string' && typeof outcome.message === 'string'
      ? undefined
      : 'the outcome has no code';
  }
  if (kind !== 'done') return 'the outcome is neither done nor refused nor unknown';
  const parsed = definition?.result.safeParse((body as { result?: unknown }).result);
  if (parsed === undefined || parsed.success) return undefined;
  const issues = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'result'}: ${issue.message}`);
  return `the result is not what the command declares: ${issues.join('; ')}`;
}
