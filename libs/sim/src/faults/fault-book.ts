import { AppError } from '@rackwright/kernel';
import { z } from 'zod';
import type { FaultBook, FaultEffect } from '../face.js';

/** What happens to a request, as it is written in a rule. */
export const faultEffect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    body: z.string().optional(),
    contentType: z.string().optional(),
    retryAfterS: z.number().optional(),
  }),
  z.strictObject({ kind: z.literal('lose-response') }),
  z.strictObject({ kind: z.literal('lose-request') }),
  z.strictObject({ kind: z.literal('delay'), delayMs: z.number().min(0) }),
  z.strictObject({ kind: z.literal('hang') }),
  z.strictObject({ kind: z.literal('truncate') }),
  z.strictObject({ kind: z.literal('accept-and-ignore') }),
  z.strictObject({ kind: z.literal('half-apply') }),
  z.strictObject({ kind: z.literal('lock-held'), by: z.string().optional() }),
  z.strictObject({ kind: z.literal('checksum-conflict') }),
  z.strictObject({ kind: z.literal('commit-half-way') }),
]);

/** A planned fault: which request of which device, from which one on, how often, and what happens. */
export const faultRule = z.strictObject({
  id: z.string().min(1).optional(),
  /** Device name, or `*`. */
  device: z.string().min(1),
  verb: z.string().default('*'),
  /** A part of the path, or `*`. */
  path: z.string().default('*'),
  /** The first matching call that is hit, from 1. */
  nth: z.number().int().min(1).default(1),
  /** How many calls are hit from there on. */
  times: z.number().int().min(1).default(1),
  effect: faultEffect,
});

export type FaultRule = z.output<typeof faultRule>;
export type FaultRuleInput = z.input<typeof faultRule>;

interface FaultRequest {
  readonly device: string;
  readonly verb: string;
  readonly path: string;
}

interface KeptRule {
  readonly id: string;
  readonly rule: FaultRule;
  seen: number;
  fired: number;
}

/** The faults that are planned, and how often each has fired: a fault that never fired tested nothing. */
export class FaultPlan implements FaultBook {
  private readonly rules = new Map<string, KeptRule>();
  private nextId = 1;

  /** Plans a fault and returns its id. Throws a ZodError for a rule that makes no sense. */
  plan(input: FaultRuleInput): string {
    const rule = faultRule.parse(input);
    const id = rule.id ?? `fault-${this.nextId++}`;
    this.rules.set(id, { id, rule, seen: 0, fired: 0 });
    return id;
  }

  remove(id: string): boolean {
    return this.rules.delete(id);
  }

  clear(): void {
    this.rules.clear();
  }

  /** How often a fault has fired. Throws `sim.no-such-fault`. */
  firedCount(id: string): number {
    const kept = this.rules.get(id);
    if (!kept) throw new AppError('sim.no-such-fault', `there is no fault ${id}`);
    return kept.fired;
  }

  list(): readonly { readonly id: string; readonly rule: FaultRule; readonly seen: number; readonly fired: number }[] {
    return [...this.rules.values()].map((kept) => ({ ...kept }));
  }

  /** The effect for this request, if one is due; counts it as fired. */
  next(request: FaultRequest): FaultEffect | undefined {
    const due = this.due(request);
    if (due) due.fired++;
    return due?.rule.effect as FaultEffect | undefined;
  }

  private due(request: FaultRequest): KeptRule | undefined {
    let due: KeptRule | undefined;
    for (const kept of this.rules.values()) {
      if (!matches(kept.rule, request)) continue;
      kept.seen++;
      if (kept.seen >= kept.rule.nth && kept.seen < kept.rule.nth + kept.rule.times) due ??= kept;
    }
    return due;
  }
}

function matches(rule: FaultRule, request: FaultRequest): boolean {
  if (rule.device !== '*' && rule.device !== request.device) return false;
  if (rule.verb !== '*' && rule.verb.toUpperCase() !== request.verb.toUpperCase()) return false;
  return rule.path === '*' || request.path.includes(rule.path);
}
