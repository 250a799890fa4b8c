import type { RandomSource } from '@rackwright/kernel';

/** Where a fault can strike: a batch on its way out, the receipt on its way back, an event on its way to the stream. */
export type FaultPoint = 'batch' | 'receipt' | 'event';

export type FaultAction =
  | { readonly kind: 'drop' }
  | { readonly kind: 'duplicate'; readonly times: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Held until a later message of the same kind has gone first, at most `withinMs`. */
  | { readonly kind: 'reorder'; readonly withinMs: number };

/** Decides the fate of each message; absent in production, where the seam is one comparison with undefined. */
export interface MessageFaults {
  decide(point: FaultPoint, subject: string): FaultAction | undefined;
}

/** A fault to inject: when it strikes and how often at most. */
export interface FaultRule {
  readonly point: FaultPoint;
  readonly action: FaultAction;
  readonly subject?: (subject: string) => boolean;
  /** Chance per message, default 1. */
  readonly probability?: number;
  /** Strikes at most, default without limit. */
  readonly times?: number;
}

/** Faults by rule and seed. Counts what fired, because an injected fault that never fired proves nothing. */
export class ScriptedFaults implements MessageFaults {
  private readonly strikes = new Map<FaultRule, number>();

  constructor(
    private readonly rules: readonly FaultRule[],
    private readonly random: RandomSource,
  ) {}

  decide(point: FaultPoint, subject: string): FaultAction | undefined {
    for (const rule of this.rules) {
      if (rule.point !== point || rule.subject?.(subject) === false) continue;
      const strikes = this.strikes.get(rule) ?? 0;
      if (strikes >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (this.random.next() >= (rule.probability ?? 1)) continue;
      this.strikes.set(rule, strikes + 1);
      return rule.action;
    }
    return undefined;
  }

  /** How often faults fired, of one point and kind when given. */
  fired(point?: FaultPoint, kind?: FaultAction['kind']): number {
    let count = 0;
    for (const [rule, strikes] of this.strikes) {
      if ((point === undefined || rule.point === point) && (kind === undefined || rule.action.kind === kind))
        count += strikes;
    }
    return count;
  }
}
