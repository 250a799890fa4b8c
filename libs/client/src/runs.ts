import { AppError, SystemRandom, type RandomSource } from '@rackwright/kernel';
import { isSettled, type Run, type RunSummary } from './model.js';
import { pagesOf, type ListOptions } from './paging.js';
import { isPassing } from './problem.js';
import { pathOf, type Transport } from './transport.js';

export interface WaitOptions {
  /** Without it, as long as it takes. @throws AppError `client.wait-timeout`; the run goes on. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Pause between looks of {@link RunsApi.follow}; default 700 ms. */
  readonly intervalMs?: number;
}

export interface RunFilter extends ListOptions {
  readonly state?: string;
  readonly profile?: string;
  readonly server?: string;
  readonly open?: boolean;
}

/** How long the server is asked to hold an answer. */
const HOLD_SECONDS = 20;
/** How long a gateway may be away while a run is watched: it is restarted while work goes on without it. */
const AWAY_MS = 60_000;

/** Runs: start from a plan, watch, and the verbs for those that are stuck. */
export class RunsApi {
  constructor(
    private readonly transport: Transport,
    private readonly random: RandomSource = new SystemRandom(),
  ) {}

  /**
   * Starts the run of a plan. Repeat-safe under one key: the same run is answered. Without a key one is made up for this
   * call, which covers its own retries only.
   */
  async start(planId: string, options: { readonly idempotencyKey?: string } = {}): Promise<{ readonly runId: string }> {
    const key = options.idempotencyKey ?? Buffer.from(this.random.bytes(16)).toString('hex');
    return this.transport.json({
      method: 'POST',
      path: pathOf('plans', planId, 'runs'),
      headers: { 'idempotency-key': key },
      repeatable: true,
    });
  }

  list(filter: RunFilter = {}): AsyncGenerator<RunSummary> {
    return pagesOf<RunSummary>(this.transport, '/runs', filter);
  }

  get(runId: string): Promise<Run> {
    return this.transport.json({ path: pathOf('runs', runId) });
  }

  async retry(runId: string, reason: string): Promise<void> {
    await this.verb(runId, 'retry', { reason });
  }

  /** Asks the run to go back; refused (409) after its point of no return. */
  async cancel(runId: string, reason: string): Promise<void> {
    await this.verb(runId, 'cancel', { reason });
  }

  async abandon(runId: string, reason: string): Promise<void> {
    await this.verb(runId, 'abandon', { reason });
  }

  async markDone(runId: string, step: string, reason: string): Promise<void> {
    await this.verb(runId, 'mark-done', { step, reason });
  }

  /** Waits until the run is done, undone or stuck; the server holds the answers, so this costs next to nothing. */
  async wait(runId: string, options: WaitOptions = {}): Promise<Run> {
    const watch = new Watch(this.transport, options);
    for (let hold = 0; ; hold = HOLD_SECONDS) {
      const seconds = Math.min(hold, Math.ceil(watch.leftMs() / 1000));
      const run = await watch.look(() => this.held(runId, seconds, options.signal));
      if (run !== undefined && isSettled(run)) return run;
      await watch.pause(run === undefined ? 1000 : 200);
    }
  }

  /** Yields the run now and whenever it looks different, the last time when it is settled. */
  async *follow(runId: string, options: WaitOptions = {}): AsyncGenerator<Run> {
    const watch = new Watch(this.transport, options);
    let before = '';
    for (;;) {
      const run = await watch.look(() => this.get(runId));
      const now = JSON.stringify(run);
      if (run !== undefined && now !== before) yield run;
      if (run !== undefined && isSettled(run)) return;
      before = now ?? before;
      await watch.pause(options.intervalMs ?? 700);
    }
  }

  private held(runId: string, seconds: number, signal: AbortSignal | undefined): Promise<Run> {
    return this.transport.json({
      path: pathOf('runs', runId),
      timeoutMs: (seconds + 30) * 1000,
      ...(seconds > 0 ? { headers: { prefer: `wait=${seconds}` } } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  private async verb(runId: string, verb: string, body: Record<string, string>): Promise<void> {
    await this.transport.call({ method: 'POST', path: pathOf('runs', runId, verb), body });
  }
}

/** Time limit of a wait, and patience with a gateway that is away for a while. */
class Watch {
  private readonly startedMs: number;
  private awaySinceMs: number | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly options: WaitOptions,
  ) {
    this.startedMs = transport.clock.monotonicMs();
  }

  leftMs(): number {
    if (this.options.timeoutMs === undefined) return Number.POSITIVE_INFINITY;
    return this.options.timeoutMs - (this.transport.clock.monotonicMs() - this.startedMs);
  }

  /** What `read` answers, or undefined while the server is away. */
  async look(read: () => Promise<Run>): Promise<Run | undefined> {
    try {
      const run = await read();
      this.awaySinceMs = undefined;
      return run;
    } catch (error) {
      const nowMs = this.transport.clock.monotonicMs();
      this.awaySinceMs ??= nowMs;
      if (!isPassing(error) || nowMs - this.awaySinceMs > AWAY_MS) throw error;
      return undefined;
    }
  }

  async pause(durationMs: number): Promise<void> {
    if (this.leftMs() <= 0) {
      throw new AppError('client.wait-timeout', `not ended within ${(this.options.timeoutMs ?? 0) / 1000} s`);
    }
    await this.transport.clock.sleep(Math.max(0, Math.min(durationMs, this.leftMs())), this.options.signal);
  }
}
