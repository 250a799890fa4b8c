import { AppError, isAppError, type Clock } from '@rackwright/kernel';

import { crashPoint, type CrashMoment, type CrashPoints } from './crash-points.js';
import type { SagaDefinition } from './definition.js';
import { applyRow, emptyState, newState, type SagaState } from './fold.js';
import type { SagaStatus } from './journal.js';
import { factsOf, type IgnoredReason, type SagaOutcome } from './outcome.js';
import type { CommandSender, JournalStore, SagaListener } from './ports.js';
import type { SagaRegistry } from './registry.js';
import { SagaWork } from './saga-work.js';
import { StateCache } from './state-cache.js';
import { factsOfVerb, type OperatorRequest, type VerbResult } from './verbs.js';

export interface SagaEngineOptions<Tx> {
  readonly registry: SagaRegistry;
  readonly store: JournalStore<Tx>;
  readonly sender: CommandSender<Tx>;
  readonly clock: Clock;
  readonly listener?: SagaListener<Tx>;
  readonly crashPoints?: CrashPoints;
  /** Sagas taken into one transaction by `tick` and `recover`; 100 unless said otherwise. */
  readonly batchSize?: number;
  /** Open sagas kept folded in memory; 2,000 unless said otherwise, 0 for none. Only ever saves reading. */
  readonly cacheSize?: number;
}

export interface StartRequest<In> {
  /** Chosen by the caller, so that asking twice starts once. */
  readonly sagaId: string;
  readonly definition: SagaDefinition<In>;
  readonly input: In;
  /** Epoch the saga starts in; 0 unless said otherwise. */
  readonly epoch?: number;
  readonly actor?: string;
}

export interface OutcomeReport {
  readonly applied: number;
  readonly ignored: readonly { readonly outcome: SagaOutcome; readonly reason: IgnoredReason }[];
}

const CONFLICT_RETRIES = 5;
const NOTHING_STORED = { sequence: 0, dueAt: undefined };

/**
 * Advances sagas: loads journals under their locks, asks the planner, appends rows and hands commands to the outbox, for
 * many sagas in one transaction. Holds no timer and no truth: call `tick` regularly, `recover` at start and now and then.
 * Every entry point takes part in the transaction it is given, or makes its own; repeating any of them is harmless.
 */
export class SagaEngine<Tx> {
  private readonly cache: StateCache;

  constructor(private readonly options: SagaEngineOptions<Tx>) {
    this.cache = new StateCache(options.cacheSize ?? 2_000);
  }

  /**
   * Starts a saga, or finds it started. Throws `saga.input-invalid` for an input its schema refuses, and
   * `saga.started-otherwise` when the id belongs to another saga.
   */
  async start<In>(request: StartRequest<In>, tx?: Tx): Promise<SagaStatus> {
    const { sagaId, definition, actor } = request;
    const input = definition.input.safeParse(request.input);
    if (!input.success)
      throw new AppError('saga.input-invalid', `input of saga ${definition.name}: ${input.error.message}`);
    if (this.options.registry.find(definition.name, definition.version) === undefined) {
      throw new AppError(
        'saga.unknown-definition',
        `saga ${definition.name} version ${definition.version} is not registered`,
      );
    }
    return this.within(tx, async (current) => {
      const [found] = await this.lock(current, [sagaId]);
      if (found) {
        if (found.state.saga === definition.name) return found.state.status;
        throw new AppError('saga.started-otherwise', `${sagaId} is a ${found.state.saga}, not a ${definition.name}`);
      }
      const work = new SagaWork(newState(sagaId, request.epoch ?? 0), NOTHING_STORED, this.options.clock.now());
      const data = {
        saga: definition.name,
        version: definition.version,
        input: input.data,
        ...(actor !== undefined && { actor }),
      };
      work.record([{ event: 'started', data }]);
      await this.commit(current, [work]);
      return work.state.status;
    });
  }

  /** Takes in how commands ended, for any number of sagas at once. What is late, repeated or void is reported and changes nothing. */
  async onOutcomes(outcomes: readonly SagaOutcome[], tx?: Tx): Promise<OutcomeReport> {
    return this.within(tx, async (current) => {
      const works = await this.lock(current, [...new Set(outcomes.map(({ key }) => key.sagaId))]);
      const byId = new Map(works.map((work) => [work.state.sagaId, work]));
      const ignored: { outcome: SagaOutcome; reason: IgnoredReason }[] = [];
      for (const outcome of outcomes) {
        const reason = this.takeIn(byId.get(outcome.key.sagaId), outcome);
        if (reason !== undefined) ignored.push({ outcome, reason });
      }
      await this.commit(current, works);
      return { applied: outcomes.length - ignored.length, ignored };
    });
  }

  /** Looks at every saga whose time has come: deadlines passed, retries due. Returns how many there were. */
  async tick(): Promise<number> {
    return this.batches(() =>
      this.within(undefined, async (tx) => {
        const ids = await this.options.store.due(tx, this.options.clock.now(), this.batchSize);
        await this.commit(tx, await this.lock(tx, ids));
        return ids;
      }),
    );
  }

  /** Plans every open saga again, whatever its timer says; finds what a crash or a lost timer left standing. */
  async recover(): Promise<number> {
    let after: string | undefined;
    return this.batches(async () => {
      const ids = await this.within(undefined, async (tx) => {
        const page = await this.options.store.open(tx, after, this.batchSize);
        await this.commit(tx, await this.lock(tx, page));
        return page;
      });
      // Only after the commit: a page whose transaction runs again must not be skipped.
      after = ids.at(-1);
      return ids;
    });
  }

  /** Goes back on an operator's word; refused after the point of no return. What is in flight is waited for first. */
  async cancel(sagaId: string, by: { readonly actor: string; readonly reason: string }, tx?: Tx): Promise<VerbResult> {
    return this.operate(sagaId, { ...by, verb: 'cancel' }, tx);
  }

  /** An operator's verb on a saga; refusals are answers, not errors. */
  async operate(sagaId: string, request: OperatorRequest, tx?: Tx): Promise<VerbResult> {
    return this.within(tx, async (current): Promise<VerbResult> => {
      const [work] = await this.lock(current, [sagaId]);
      if (work === undefined) return { kind: 'refused', code: 'saga.not-found', message: `no saga ${sagaId}` };
      const { saga, version } = work.state;
      const answer = factsOfVerb(this.options.registry.find(saga, version), work.state, request);
      if ('kind' in answer) return answer;
      work.record(answer.facts);
      await this.commit(current, [work]);
      return { kind: 'accepted' };
    });
  }

  private get batchSize(): number {
    return this.options.batchSize ?? 100;
  }

  private async batches(next: () => Promise<readonly string[]>): Promise<number> {
    let total = 0;
    for (;;) {
      const { length } = await next();
      total += length;
      if (length < this.batchSize) return total;
    }
  }

  /** In the caller's transaction, whose conflicts are the caller's; or in one of its own, again after a conflict. */
  private async within<T>(tx: Tx | undefined, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (tx !== undefined) return work(tx);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.options.store.transaction(work);
      } catch (error) {
        if (!isAppError(error, 'saga.conflict') || attempt >= CONFLICT_RETRIES) throw error;
      }
    }
  }

  private async lock(tx: Tx, sagaIds: readonly string[]): Promise<SagaWork[]> {
    if (sagaIds.length === 0) return [];
    // A state is taken out while a transaction changes it: after a rollback it would be ahead of the store.
    const taken = this.cache.take(sagaIds);
    const known = new Map([...taken].map(([id, state]) => [id, state.sequence]));
    const stored = await this.options.store.lock(tx, sagaIds, known);
    const now = this.options.clock.now();
    return stored.map(({ head, rows }) => {
      const state: SagaState = taken.get(head.sagaId) ?? emptyState(head.sagaId);
      for (const row of rows) applyRow(state, row);
      if (state.sequence !== head.sequence) {
        throw new AppError(
          'saga.journal-incomplete',
          `saga ${head.sagaId} has ${head.sequence} rows, read ${state.sequence}`,
        );
      }
      return new SagaWork(state, head, now);
    });
  }

  private takeIn(work: SagaWork | undefined, outcome: SagaOutcome): IgnoredReason | undefined {
    if (work === undefined) return 'no-such-saga';
    const definition = this.options.registry.find(work.state.saga, work.state.version);
    if (definition === undefined) return 'not-open';
    let reason: IgnoredReason | undefined;
    work.recordFrom(() => {
      const taken = factsOf(definition, work.state, outcome);
      if ('facts' in taken) return taken.facts;
      reason = taken.ignored;
      return [];
    });
    return reason;
  }

  private async commit(tx: Tx, works: readonly SagaWork[]): Promise<void> {
    const { store, sender, listener, registry } = this.options;
    for (const work of works) work.advance(registry);
    const changed = works.filter((work) => work.isChanged());
    if (changed.length > 0) {
      const changes = changed.map((work) => work.change());
      this.pass('before-append', changed);
      await store.append(tx, changes);
      this.pass('after-append', changed);
      const commands = changed.flatMap((work) => work.commands);
      this.pass('before-send', changed);
      if (commands.length > 0) await sender.send(tx, commands);
      this.pass('after-send', changed);
      await listener?.changed(tx, changes);
    }
    store.afterCommit(tx, () => {
      for (const { state } of works) this.cache.put(state);
      this.pass('after-commit', changed);
    });
  }

  private pass(moment: CrashMoment, works: readonly SagaWork[]): void {
    const { crashPoints } = this.options;
    if (crashPoints === undefined) return;
    const isSending = moment === 'before-send' || moment === 'after-send';
    for (const { state, rows } of works) {
      for (const row of rows) {
        if (isSending && row.event !== 'step-sent' && row.event !== 'undo-sent') continue;
        crashPoints.reached(crashPoint(moment, row), state.sagaId);
      }
    }
  }
}
