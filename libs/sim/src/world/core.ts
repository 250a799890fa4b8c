import { AppError, type Clock, type RandomSource, SeededRandom, type Timer } from '@rackwright/kernel';
import { FAULT, FOREIGN, PHYSICS, type DeviceRef, type HardwareEvent, type WorldObserver } from './events.js';
import type { JsonValue, TimerState, WorldState } from './model.js';

/** What a change is, for the event, the counters and the log. */
export interface Change {
  readonly kind: string;
  readonly device: DeviceRef;
  readonly actor: string;
  readonly detail?: { readonly [key: string]: JsonValue | undefined };
  /** False for a change that moves no link, login or session (a write): physics need not settle. Default true. */
  readonly settles?: boolean;
}

type TimerHandler = (timer: TimerState) => void;

const HISTORY_MAX = 1_000;

/**
 * The engine under the physics: one state, one clock, one way to change it. `change` runs a mutation, lets the physics
 * settle (logins, sessions), then tells the observers; nested changes settle once, at the outermost. Timers are rows of
 * the state, so that a restart of the simulator goes on where it stopped, without a power cut.
 */
export class WorldCore {
  readonly random: RandomSource;
  private readonly baseMs: number;
  private readonly startedMs: number;
  private readonly observers = new Set<WorldObserver>();
  private readonly settlers: (() => void)[] = [];
  private readonly handlers = new Map<string, TimerHandler>();
  private readonly queue: HardwareEvent[] = [];
  private readonly recent: HardwareEvent[] = [];
  private readonly mutations = new Map<string, number>();
  private depth = 0;
  private telling = false;
  private armed: Timer | undefined;
  private halted: AppError | undefined;
  private closed = false;

  constructor(
    readonly state: WorldState,
    readonly clock: Clock,
  ) {
    this.baseMs = state.timeMs;
    this.startedMs = clock.monotonicMs();
    this.random = counterRandom(state);
  }

  /** Simulated milliseconds since the world began; stands still while the simulator is not running. */
  get timeMs(): number {
    return this.baseMs + (this.clock.monotonicMs() - this.startedMs);
  }

  /** Calls `observer` after every change; returns the way to stop that. */
  observe(observer: WorldObserver): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** The last events, oldest first. */
  history(): readonly HardwareEvent[] {
    return this.recent;
  }

  /** How often management faces changed devices: `switch/leaf-1 port-config` -> 3. */
  mutationCounts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.mutations);
  }

  /** Mutations by management faces, of one device kind, optionally of one event kind. */
  mutationsOf(deviceKind: string, eventKind?: string): number {
    let total = 0;
    for (const [key, count] of this.mutations) {
      const [device = '', kind] = key.split(' ');
      if (device.startsWith(`${deviceKind}/`) && (eventKind === undefined || kind === eventKind)) total += count;
    }
    return total;
  }

  /** Runs once after each outermost change, before the observers are told. */
  onSettle(settle: () => void): void {
    this.settlers.push(settle);
  }

  onTimer(kind: string, handler: TimerHandler): void {
    this.handlers.set(kind, handler);
  }

  /** Changes the world. Throws `sim.stopped` after a violation or a close. */
  change<T>(change: Change, mutate: () => T): T {
    this.refuseWhenStopped();
    this.depth++;
    try {
      const result = mutate();
      this.note(change);
      if (this.depth === 1 && change.settles !== false) for (const settle of this.settlers) settle();
      return result;
    } finally {
      this.depth--;
      if (this.depth === 0) this.tell();
    }
  }

  schedule(kind: string, target: string, delayMs: number, data?: JsonValue): number {
    const id = this.state.nextTimerId++;
    const timer: TimerState = {
      id,
      kind,
      target,
      dueMs: this.timeMs + delayMs,
      ...(data === undefined ? {} : { data }),
    };
    this.state.timers[String(id)] = timer;
    this.arm();
    return id;
  }

  /** Drops the waiting timers of one kind and target. */
  unschedule(kind: string, target: string): void {
    for (const timer of Object.values(this.state.timers)) {
      if (timer.kind === kind && timer.target === target) delete this.state.timers[String(timer.id)];
    }
  }

  /** Starts (or, after a change of the time scale, restarts) the passing of time. */
  arm(): void {
    if (this.closed || this.halted) return;
    this.armed?.cancel();
    const next = this.nextTimer();
    this.armed = next && this.clock.setTimer(Math.max(0, next.dueMs - this.timeMs), () => this.fire());
  }

  /** Stops the world for good because something that must never happen did. The first reason stays. */
  halt(reason: AppError): void {
    this.halted ??= reason;
    this.armed?.cancel();
  }

  get haltReason(): AppError | undefined {
    return this.halted;
  }

  close(): void {
    this.closed = true;
    this.armed?.cancel();
    this.state.timeMs = this.timeMs;
  }

  private refuseWhenStopped(): void {
    if (this.halted) throw new AppError('sim.stopped', 'the world was stopped by a violation', { cause: this.halted });
    if (this.closed) throw new AppError('sim.stopped', 'the world is closed');
  }

  private note(change: Change): void {
    this.state.sequence++;
    this.state.timeMs = this.timeMs;
    const { kind, device, actor, detail } = change;
    const base = { sequence: this.state.sequence, timeMs: this.state.timeMs, kind, device, actor };
    const event: HardwareEvent = detail ? { ...base, detail } : base;
    this.queue.push(event);
    this.recent.push(event);
    if (this.recent.length > HISTORY_MAX) this.recent.shift();
    if (change.actor === PHYSICS || change.actor === FAULT || change.actor.startsWith(FOREIGN)) return;
    const key = `${change.device.kind}/${change.device.name} ${change.kind}`;
    this.mutations.set(key, (this.mutations.get(key) ?? 0) + 1);
  }

  private tell(): void {
    if (this.telling) return;
    this.telling = true;
    try {
      for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift()) {
        for (const observer of this.observers) observer(event);
      }
    } finally {
      this.telling = false;
    }
  }

  private nextTimer(): TimerState | undefined {
    let next: TimerState | undefined;
    for (const timer of Object.values(this.state.timers)) {
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.id < next.id)) next = timer;
    }
    return next;
  }

  private fire(): void {
    // A hair of tolerance: real timers may fire a fraction of a millisecond early.
    for (let timer = this.nextTimer(); timer && timer.dueMs <= this.timeMs + 1; timer = this.nextTimer()) {
      if (this.halted || this.closed) return;
      delete this.state.timers[String(timer.id)];
      this.handlers.get(timer.kind)?.(timer);
    }
    this.arm();
  }
}

/** Randomness by counter: the n-th draw depends on seed and n only, so a snapshot needs no generator state. */
function counterRandom(state: WorldState): RandomSource {
  const next = (): number => new SeededRandom(state.seed + Math.imul(++state.draws, 0x9e3779b1)).next();
  return { next, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)) };
}
