import type {
  CommandDefinition,
  DataOf,
  EventDefinition,
  InputOf,
  OutcomeOf,
  QueryDefinition,
  ResultOf,
} from '@rackwright/contracts';
import { eventTypeOf, subjectOf } from '@rackwright/contracts';
import { Catch, UseFilters, type RpcExceptionFilter } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { Tx } from '@rackwright/persistence';
import type { CommandContext, Deferred, EventContext, QueryContext, ReceivedOutcome } from './handlers.js';

/** How Nest tells our handlers from those of other transports. */
export const NATS_MESSAGING = Symbol('rackwright.messaging');

/** What a decorated method handles; Nest hands it to the strategy beside the method. */
export type HandlerMark =
  | { readonly kind: 'command'; readonly definition: CommandDefinition; readonly isBatch: boolean }
  | { readonly kind: 'query'; readonly definition: QueryDefinition }
  | { readonly kind: 'event'; readonly definition: EventDefinition }
  | { readonly kind: 'outcomes' };

/** A decorator for methods that may be used as `F`: property descriptors are invariant, so the method's own type is kept. */
type MethodOf<F> = <M extends F>(target: object, key: string, descriptor: TypedPropertyDescriptor<M>) => void;

/** One command of a batch, for {@link HandlesBatch}. */
export interface BatchItem<C extends CommandDefinition> {
  readonly input: InputOf<C>;
  readonly context: CommandContext;
}

/**
 * Handles a command of this service, in the intake transaction `ctx.tx`. Return the outcome when only own tables are
 * touched; for a device record an operation row, return `deferred()` and send the outcome later with `OutcomeBus.reply`.
 * Throwing rolls back; after repeated failures the command is parked and its asker told `unknown`. May run again from
 * its start, so it must do nothing that the transaction cannot take back.
 */
export function Handles<C extends CommandDefinition>(
  command: C,
): MethodOf<(input: InputOf<C>, ctx: CommandContext) => Promise<OutcomeOf<C> | Deferred>> {
  return mark(subjectOf(command), { kind: 'command', definition: command, isBatch: false });
}

/** As {@link Handles}, for all commands of a transaction at once: one multi-row statement instead of many. In order. */
export function HandlesBatch<C extends CommandDefinition>(
  command: C,
): MethodOf<(items: readonly BatchItem<C>[], tx: Tx) => Promise<readonly (OutcomeOf<C> | Deferred)[]>> {
  return mark(subjectOf(command), { kind: 'command', definition: command, isBatch: true });
}

/** Answers a query of this service. An `AppError` reaches the asker with its code; anything else stays inside. */
export function Answers<Q extends QueryDefinition>(
  query: Q,
): MethodOf<(input: InputOf<Q>, ctx: QueryContext) => Promise<ResultOf<Q>>> {
  return mark(subjectOf(query), { kind: 'query', definition: query });
}

/** Listens to an event of any service, with a durable consumer and in a transaction; each event has one effect. */
export function ListensTo<E extends EventDefinition>(
  event: E,
): MethodOf<(data: DataOf<E>, ctx: EventContext) => Promise<void>> {
  return mark(eventTypeOf(event), { kind: 'event', definition: event });
}

/** Receives the outcomes of commands this service sent (those nobody waits for with `ask`), many at once. */
export function ReceivesOutcomes(): MethodOf<(outcomes: ReceivedOutcome[], tx: Tx) => Promise<void>> {
  return mark('outcomes', { kind: 'outcomes' });
}

function mark<F>(pattern: string, handlerMark: HandlerMark): MethodOf<F> {
  return (target, key, descriptor) => {
    // Nest passes the payload alone unless told; all our methods take (what, context).
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    UseFilters(new PassThrough())(target, key, descriptor as PropertyDescriptor);
    MessagePattern(pattern, NATS_MESSAGING, { mark: handlerMark })(target, key, descriptor as PropertyDescriptor);
  };
}

/** Nest would replace every error by "Internal server error"; the intake has to see the error itself. */
@Catch()
class PassThrough implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
