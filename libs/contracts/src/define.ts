import type { z } from 'zod';

/** The services that own commands, events and queries. `gateway` and `saga-coordinator` also receive outcomes. */
export const SERVICES = [
  'inventory',
  'network',
  'storage-identity',
  'power',
  'failover',
  'saga-coordinator',
  'gateway',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/**
 * How a command ended.
 * - `done`: the effect is there and was read back; `result` carries the evidence.
 * - `refused`: an expected no; nothing was changed. `code` is one of the codes the command declares.
 * - `unknown`: tried until the deadline and nobody can tell; the next attempt or the undo must look first.
 */
export type Outcome<Result = unknown> =
  | { readonly kind: 'done'; readonly result: Result }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly details?: Record<string, unknown>;
    }
  | {
      readonly kind: 'unknown';
      readonly code: string;
      readonly message: string;
      readonly details?: Record<string, unknown>;
    };

export interface CommandDefinition<In extends z.ZodType = z.ZodType, Out extends z.ZodType = z.ZodType> {
  readonly kind: 'command';
  readonly service: ServiceName;
  readonly name: string;
  readonly version: number;
  readonly summary: string;
  readonly input: In;
  readonly result: Out;
  /** Codes a refusal may carry, each with its meaning. */
  readonly refusals: Readonly<Record<string, string>>;
  /** `own-tables`: done in the intake transaction. `device`: an operation that workers carry on from PostgreSQL. */
  readonly effect: 'own-tables' | 'device';
}

export interface QueryDefinition<In extends z.ZodType = z.ZodType, Out extends z.ZodType = z.ZodType> {
  readonly kind: 'query';
  readonly service: ServiceName;
  readonly name: string;
  readonly version: number;
  readonly summary: string;
  readonly input: In;
  readonly result: Out;
}

export interface EventDefinition<Data extends z.ZodType = z.ZodType> {
  readonly kind: 'event';
  readonly service: ServiceName;
  readonly name: string;
  readonly version: number;
  readonly summary: string;
  readonly data: Data;
}

export type InputOf<D extends { input: z.ZodType }> = z.infer<D['input']>;
export type ResultOf<D extends { result: z.ZodType }> = z.infer<D['result']>;
export type DataOf<D extends { data: z.ZodType }> = z.infer<D['data']>;
export type OutcomeOf<D extends { result: z.ZodType }> = Outcome<ResultOf<D>>;

export type AnyDefinition = CommandDefinition | QueryDefinition | EventDefinition;

/** Declares a command (imperative verb-noun). Subject, schema, type and documentation derive from this value. */
export function defineCommand<In extends z.ZodType, Out extends z.ZodType>(
  definition: Omit<CommandDefinition<In, Out>, 'kind' | 'version' | 'effect' | 'refusals'> &
    Partial<Pick<CommandDefinition, 'version' | 'effect' | 'refusals'>>,
): CommandDefinition<In, Out> {
  return { kind: 'command', version: 1, effect: 'own-tables', refusals: {}, ...definition };
}

/** Declares a query: answered at once, changes nothing. */
export function defineQuery<In extends z.ZodType, Out extends z.ZodType>(
  definition: Omit<QueryDefinition<In, Out>, 'kind' | 'version'> & Partial<Pick<QueryDefinition, 'version'>>,
): QueryDefinition<In, Out> {
  return { kind: 'query', version: 1, ...definition };
}

/** Declares an event (noun and past participle). */
export function defineEvent<Data extends z.ZodType>(
  definition: Omit<EventDefinition<Data>, 'kind' | 'version'> & Partial<Pick<EventDefinition, 'version'>>,
): EventDefinition<Data> {
  return { kind: 'event', version: 1, ...definition };
}
