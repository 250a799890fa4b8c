import type { Guard, Outcome } from '@rackwright/contracts';
import type { DeviceCall } from '@rackwright/driver-core';
import { type Clock, isAppError, messageOf, type Timer } from '@rackwright/kernel';
import type { Database, Tx } from '@rackwright/persistence';
import {
  closeCall,
  closeCalls,
  judgeGuards,
  LaneGate,
  type LaneLease,
  olderOpenCalls,
  type OpenCall,
  raiseCopies,
  type UnclosedCall,
} from './epoch-gate.js';
import { LaneStore, RENEW_EVERY_MS } from './lane.store.js';
import type { DeviceOperation, LaneContext, LaneHandler, ReplySink, Turn } from './operation.js';
import { type Combine, OperationStore, type RecordedCommand } from './operation.store.js';
import { combineEvidence } from './outcome-of-result.js';

/** Lane of the operations that wait for old calls to end. */
const RAISE_LANE = 'epochs';

export interface DeviceWorkOptions {
  readonly database: Database;
  readonly replies: ReplySink;
  readonly clock: Clock;
  /** Unique per process start. */
  readonly owner: string;
  readonly handlers: readonly LaneHandler[];
  /** How many lanes are worked in at once, default 64. */
  readonly lanesMax?: number;
  /** How long a lane stays with a worker that does not renew, default {@link LEASE_MS}. */
  readonly leaseMs?: number;
  readonly combine?: Combine;
  readonly onError?: (error: unknown, what: string) => void;
}

/** The intake side of a command, as far as device work needs it. */
export interface IntakeContext {
  readonly tx: Tx;
  readonly messageId: string;
  readonly replyRef: unknown;
  readonly key?: { readonly sagaId: string; readonly step: string };
  readonly deadline?: Date;
}

const POLL_MS = 500;
/** An open call is left this long to get its answer before it is ended on the device. */
const ANSWER_PATIENCE_MS = 2_000;
/** Longer than any driver waits for one answer. */
const HOPELESS_AFTER_MS = 45_000;
const PRUNE_EVERY_MS = 600_000;
const DEFAULT_DEADLINE_MS = 120_000;

/**
 * Device work of one service: commands become rows, workers carry the rows on. One live worker per lane (device), many
 * lanes at once; a turn never outlives its lane's lease unnoticed, because every send passes {@link LaneGate}.
 */
export class DeviceWork {
  private readonly operations: OperationStore;
  private readonly lanes: LaneStore;
  private readonly handlers: ReadonlyMap<string, LaneHandler>;
  private readonly busy = new Map<string, Promise<void>>();
  /** Ended calls whose rows are still open. */
  private readonly unclosed = new Map<number, UnclosedCall>();
  private timer: Timer | undefined;
  private running = false;
  private looking: Promise<void> | undefined;
  private wanted = false;
  private prunedAtMs = 0;

  constructor(private readonly options: DeviceWorkOptions) {
    this.operations = new OperationStore(options.database, options.replies, options.combine ?? combineEvidence);
    this.lanes = new LaneStore(options.database, options.owner, options.leaseMs);
    this.handlers = new Map(options.handlers.map((handler) => [handler.prefix, handler]));
  }

  /** Starts carrying work on, beginning with what an earlier process left. */
  start(): void {
    this.running = true;
    this.wake();
  }

  /** Stops taking turns, waits for those under way and gives the lanes up. */
  async stop(): Promise<void> {
    this.running = false;
    this.timer?.cancel();
    await this.looking;
    await Promise.allSettled(this.busy.values());
    await this.lanes.release().catch(() => undefined);
  }

  /**
   * Records a device command in its intake transaction. Returns the outcome when it can be told at once (a stale epoch, or
   * nothing to do); undefined means the outcome follows by the reply reference.
   */
  async record(
    context: IntakeContext,
    command: Pick<RecordedCommand, 'kind' | 'guards' | 'parts'>,
  ): Promise<Outcome | undefined> {
    const verdict = command.guards.length === 0 ? 'current' : await judgeGuards(context.tx, command.guards);
    if (verdict !== 'current') return { kind: 'refused', code: verdict, message: guardMessage(verdict) };
    if (command.parts.length === 0) return (this.options.combine ?? combineEvidence)(command.kind, []);
    await this.operations.record(context.tx, { ...this.recordedBase(context), ...command });
    context.tx.afterCommit(() => this.wake());
    return undefined;
  }

  /** Raises the epoch copies now; the outcome follows when every older call to a device has ended. */
  async raise(context: IntakeContext, guards: readonly Guard[]): Promise<void> {
    await raiseCopies(context.tx, guards);
    await this.operations.record(context.tx, {
      ...this.recordedBase(context),
      kind: 'raise-epochs',
      guards,
      parts: [{ lane: `${RAISE_LANE}:${context.messageId}`, input: { guards } }],
    });
    context.tx.afterCommit(() => this.wake());
  }

  /** Looks for due work soon; called after commits and by timers. */
  wake(): void {
    this.wanted = true;
    if (!this.running || this.looking) return;
    this.looking = this.look().finally(() => {
      this.looking = undefined;
      if (this.wanted) this.wake();
    });
  }

  private recordedBase(
    context: IntakeContext,
  ): Pick<RecordedCommand, 'messageId' | 'replyRef' | 'sagaId' | 'step' | 'deadline'> {
    const fallback = new Date(this.options.clock.now().getTime() + DEFAULT_DEADLINE_MS);
    return {
      messageId: context.messageId,
      replyRef: context.replyRef,
      deadline: context.deadline ?? fallback,
      ...(context.key && { sagaId: context.key.sagaId, step: context.key.step }),
    };
  }

  private async look(): Promise<void> {
    this.wanted = false;
    this.timer?.cancel();
    let waitMs = POLL_MS;
    try {
      await this.closeWhatEnded();
      const free = (this.options.lanesMax ?? 64) - this.busy.size;
      const lanes = free > 0 ? await this.operations.dueLanes(free + this.busy.size) : [];
      for (const lane of lanes)
        if (!this.busy.has(lane) && this.busy.size < (this.options.lanesMax ?? 64)) this.enter(lane);
      waitMs = Math.min(POLL_MS, Math.max(5, (await this.operations.nextDueInMs()) ?? POLL_MS));
      if (lanes.some((lane) => this.busy.has(lane))) waitMs = Math.max(waitMs, 50);
      await this.pruneSometimes();
    } catch (error) {
      this.options.onError?.(error, 'looking for device work');
    }
    if (this.running) this.timer = this.options.clock.setTimer(waitMs, () => this.wake());
  }

  private async closeWhatEnded(): Promise<void> {
    for (const call of this.unclosed.values()) {
      await closeCall(this.options.database, call);
      this.unclosed.delete(call.id);
    }
  }

  private enter(lane: string): void {
    const turn = this.workIn(lane)
      .catch((error: unknown) => this.options.onError?.(error, `device work in ${lane}`))
      .finally(() => {
        this.busy.delete(lane);
        this.wake();
      });
    this.busy.set(lane, turn);
  }

  private async workIn(lane: string): Promise<void> {
    const prefix = prefixOf(lane);
    const lease = await this.lanes.take(lane);
    if (!lease) return;
    const operations = await this.operations.due(lane);
    if (operations.length === 0) return;
    if (prefix === RAISE_LANE) return this.endOldCalls(operations);
    const handler = this.handlers.get(prefix);
    if (!handler) throw new Error(`no handler for lane ${lane}`);
    await this.endOrphans(lease, handler);
    const renewal = this.renewWhile(lane);
    try {
      await this.takeTurns(operations, handler, lease);
    } finally {
      renewal.cancel();
    }
  }

  private async takeTurns(
    operations: readonly DeviceOperation[],
    handler: LaneHandler,
    lease: LaneLease,
  ): Promise<void> {
    const live: DeviceOperation[] = [];
    for (const operation of operations) {
      const verdict = await judgeGuards(this.options.database, operation.guards);
      if (verdict === 'stale-epoch') {
        await this.operations.finish(operation, {
          kind: 'refused',
          code: 'stale-epoch',
          message: guardMessage('stale-epoch'),
        });
      } else live.push(operation);
    }
    if (live.length === 0) return;
    let turns: ReadonlyMap<string, Turn>;
    try {
      turns = await handler.work(live, this.contextOf(lease));
    } catch (error) {
      turns = new Map(live.map((operation) => [operation.id, turnAfterError(error)]));
      if (!isAppError(error, 'device.stale-epoch')) this.options.onError?.(error, `device work in ${lease.lane}`);
    }
    for (const operation of live) await this.settle(operation, turns.get(operation.id) ?? AGAIN_SHORTLY);
  }

  private async settle(operation: DeviceOperation, turn: Turn): Promise<void> {
    if (turn.kind === 'finished') return this.operations.finish(operation, turn.outcome);
    if (this.options.clock.now() >= operation.deadline) {
      const outcome: Outcome = {
        kind: 'unknown',
        code: 'deadline',
        message: `not settled before its deadline; last: ${turn.note}`,
      };
      return this.operations.finish(operation, outcome);
    }
    const leftMs = operation.deadline.getTime() - this.options.clock.now().getTime();
    await this.operations.again(operation.id, Math.min(turn.afterMs, Math.max(1, leftMs)), turn.note, turn.progress);
  }

  private contextOf(lease: LaneLease): LaneContext {
    const { clock, database } = this.options;
    return {
      clock,
      call: (operations: readonly DeviceOperation[], timeoutMs: number): DeviceCall => {
        const guards = uniqueGuards(operations.flatMap((operation) => operation.guards));
        return {
          clock,
          gate: new LaneGate(database, lease, guards, (ended) => this.unclosed.set(ended.id, ended)),
          deadline: new Date(clock.now().getTime() + timeoutMs),
        };
      },
    };
  }

  private async endOrphans(lease: LaneLease, handler: LaneHandler): Promise<void> {
    const orphans = await this.lanes.orphanedCalls(lease);
    if (orphans.length === 0) return;
    const ended = await handler.endCalls(lease.lane);
    await closeCalls(
      this.options.database,
      orphans.map((call) => call.id),
      ended,
    );
  }

  /** A raise is done when no call under an older epoch is open; calls nobody will answer are ended on their device. */
  private async endOldCalls(operations: readonly DeviceOperation[]): Promise<void> {
    for (const operation of operations) {
      const { guards } = operation.input as { guards: Guard[] };
      const open = await olderOpenCalls(this.options.database, guards);
      const endedBefore = Number(operation.progress['ended'] ?? 0);
      if (open.length === 0) {
        await this.operations.finish(operation, { kind: 'done', result: { endedCalls: endedBefore } });
        continue;
      }
      const ended = await this.endLongOpen(open);
      await this.settle(operation, {
        kind: 'again',
        afterMs: 20,
        note: `${open.length} older device calls are open`,
        progress: { ended: endedBefore + ended },
      });
    }
  }

  /** Calls are first left alone to get their answer; one that takes long is ended on its device. */
  private async endLongOpen(open: readonly OpenCall[]): Promise<number> {
    const long = open.filter((call) => call.ageMs > ANSWER_PATIENCE_MS);
    let count = 0;
    for (const lane of new Set(long.map((call) => call.lane))) {
      const calls = long.filter((call) => call.lane === lane);
      const ended = (await this.handlers.get(prefixOf(lane))?.endCalls(lane)) ?? 'cannot-end';
      // Where a call cannot be ended (IPMI), wait out what the driver itself would wait, then rest on the two cuts.
      const over = calls.filter((call) => ended === 'revoked' || call.ageMs > HOPELESS_AFTER_MS);
      await closeCalls(
        this.options.database,
        over.map((call) => call.id),
        ended,
      );
      count += over.length;
    }
    return count;
  }

  private renewWhile(lane: string): Timer {
    let timer: Timer;
    const renew = (): void => {
      this.lanes.take(lane).catch((error: unknown) => this.options.onError?.(error, `renewing ${lane}`));
      timer = this.options.clock.setTimer(RENEW_EVERY_MS, renew);
    };
    timer = this.options.clock.setTimer(RENEW_EVERY_MS, renew);
    return { cancel: () => timer.cancel() };
  }

  private async pruneSometimes(): Promise<void> {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.prunedAtMs < PRUNE_EVERY_MS) return;
    this.prunedAtMs = nowMs;
    await this.operations.prune();
  }
}

function prefixOf(lane: string): string {
  return lane.slice(0, lane.indexOf(':'));
}

const AGAIN_SHORTLY: Turn = { kind: 'again', afterMs: 50, note: 'waiting for its turn' };

function turnAfterError(error: unknown): Turn {
  // Which of several merged operations was stale is found out by the check before the next turn.
  if (isAppError(error, 'device.stale-epoch')) return { kind: 'again', afterMs: 1, note: 'a newer epoch is known' };
  return { kind: 'again', afterMs: 1_000, note: `unexpected: ${messageOf(error)}` };
}

function guardMessage(verdict: 'stale-epoch' | 'epoch-not-raised'): string {
  return verdict === 'stale-epoch'
    ? 'a newer epoch is in force; this command is void'
    : 'this service has not been told of this epoch yet';
}

function uniqueGuards(guards: readonly Guard[]): Guard[] {
  const lowest = new Map<string, number>();
  for (const guard of guards) lowest.set(guard.subject, Math.min(guard.epoch, lowest.get(guard.subject) ?? Infinity));
  return [...lowest].map(([subject, epoch]) => ({ subject, epoch }));
}
