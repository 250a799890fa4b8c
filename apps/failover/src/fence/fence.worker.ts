import { coordinator, type Outcome } from '@rackwright/contracts';
import { isAppError, type Clock, type Timer } from '@rackwright/kernel';
import type { CommandBus, QueryClient } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';
import type { FenceRequest, FenceStore } from './fence.store.js';

const LOOK_EVERY_MS = 1_000;
const LEASE_MS = 15_000;
const QUERY_TIMEOUT_MS = 8_000;

export interface FenceWorkerParts {
  readonly store: FenceStore;
  readonly database: Database;
  readonly queries: QueryClient;
  readonly commands: CommandBus;
  readonly clock: Clock;
  readonly onError: (error: unknown, what: string) => void;
}

/** Turns requests into runs: asks the coordinator for a plan, then for its execution. A plan that came to nothing changes nothing. */
export class FenceWorker {
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private stopped = true;

  constructor(private readonly parts: FenceWorkerParts) {}

  start(): void {
    this.stopped = false;
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  /** Looks for requests now; called after commits and by a timer. */
  wake(): void {
    if (this.stopped || this.running) return;
    this.timer?.cancel();
    this.running = this.round()
      .catch((error: unknown) => this.parts.onError(error, 'requesting fences'))
      .finally(() => {
        this.running = undefined;
        if (!this.stopped) this.timer = this.parts.clock.setTimer(LOOK_EVERY_MS, () => this.wake());
      });
  }

  private async round(): Promise<void> {
    for (;;) {
      const request = this.stopped ? undefined : await this.parts.store.take(LEASE_MS);
      if (!request) return;
      await this.carryOn(request);
    }
  }

  private async carryOn(request: FenceRequest): Promise<void> {
    const { store, database, clock } = this.parts;
    const outcome = await this.plan(request).catch((error: unknown) => {
      this.parts.onError(error, 'asking for the plan of a fence');
      return undefined;
    });
    const isLate = clock.now() >= request.deadline;
    if (outcome === 'sent') return;
    if (outcome === undefined && !isLate) return store.again(request.id, LOOK_EVERY_MS);
    const late: Outcome = {
      kind: 'unknown',
      code: 'deadline',
      message: 'no plan could be had in time; nothing was started',
    };
    await database.transaction((tx) => store.finish(tx, 'id', request.id, outcome ?? late));
  }

  private async plan(request: FenceRequest): Promise<Outcome | 'sent'> {
    const { queries, database, commands, store } = this.parts;
    const { server_id: serverId, reason, actor } = request;
    let view: coordinator.PlanView;
    try {
      const input = { request: { kind: 'fence' as const, serverId, reason }, actor };
      view = await queries.query(coordinator.createPlan, input, { actor, timeoutMs: QUERY_TIMEOUT_MS });
    } catch (error) {
      if (isAppError(error, 'inventory.unknown-server'))
        return { kind: 'refused', code: 'unknown-server', message: error.message };
      throw error;
    }
    if (view.state === 'blocked') return blocked(view);
    await database
      .transaction(async (tx) => {
        // Two replicas may have made a plan each: only the one whose row change commits sends its command.
        const commandId = await commands.send(
          tx,
          coordinator.executePlan,
          { planId: view.id, actor },
          { actor, deadline: request.deadline, messageId: `${request.id}:${view.id}`, causeId: request.id },
        );
        if (!(await store.sent(tx, request.id, commandId))) throw new SentAlready();
      })
      .catch((error: unknown) => {
        if (!(error instanceof SentAlready)) throw error;
      });
    return 'sent';
  }
}

/** Another replica was faster; what this one would have sent is rolled back. */
class SentAlready extends Error {}

function blocked(view: coordinator.PlanView): Outcome {
  const code = view.blockedBy.some((problem) => problem.code === 'unknown-server') ? 'unknown-server' : 'plan-blocked';
  const message = view.blockedBy.map((problem) => problem.message).join('; ') || 'the plan is blocked';
  return { kind: 'refused', code, message, details: { planId: view.id, blockedBy: view.blockedBy } };
}

/** The end of execute-plan in the words of request-fence. */
export function fenceOutcome(outcome: Outcome): Outcome {
  if (outcome.kind !== 'refused') return outcome;
  return { ...outcome, code: 'plan-blocked', details: { ...outcome.details, reason: outcome.code } };
}
