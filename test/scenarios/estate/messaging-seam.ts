import type { Outcome, ServiceName } from '@rackwright/contracts';
import { deferred, isDeferred, type CommandItem, type Deferred, type Messaging } from '@rackwright/messaging';

/**
 * What is done to one command at its receiver.
 * - `refuse`, `unknown`: answered so without being handled; `before-effect` and "nobody can tell".
 * - `lose-outcome`: handled really; whatever came of it is told as `unknown`, so that its asker asks again.
 * - `repeat`: carried out twice, as two messages with one key, and answered twice.
 */
export type Mishap = 'refuse' | 'unknown' | 'lose-outcome' | 'repeat';

/** Decides about each command; `step` is the step of the saga as its key names it (`undo:reserve`, `stop-holders[srv_1]`). */
export type MishapPlan = (command: {
  readonly service: ServiceName;
  readonly name: string;
  readonly sagaId: string;
  readonly step: string;
}) => Mishap | undefined;

type Handle = (items: readonly CommandItem[]) => Promise<readonly (Outcome | Deferred)[]>;

const INJECTED = { code: 'test.injected', message: 'injected' } as const;

/**
 * A seam between a service's intake and its handlers, put in before its handlers are registered. One seam serves all
 * services of an estate and their restarts. It counts nothing: whoever plans a mishap knows when it was asked for.
 */
export class MessagingSeam {
  /** None by default. */
  plan: MishapPlan | undefined;
  /** Told of each command that arrives; it is handled when this has resolved. */
  onCommand: ((sagaId: string, step: string) => Promise<void>) | undefined;
  private readonly lost = new Set<string>();

  install(service: ServiceName, messaging: Messaging): void {
    const { registry, outcomes } = messaging;
    const handleCommand = registry.handleCommand.bind(registry);
    registry.handleCommand = (definition, handle) =>
      handleCommand(definition, (items) => this.handle(service, definition.name, items, handle));
    const replyMany = outcomes.replyMany.bind(outcomes);
    outcomes.replyMany = (tx, replies) =>
      replyMany(
        tx,
        replies.map((reply) =>
          this.lost.has(reply.ref.messageId) ? { ...reply, outcome: lostOf(reply.outcome) } : reply,
        ),
      );
  }

  private async handle(
    service: ServiceName,
    name: string,
    items: readonly CommandItem[],
    handle: Handle,
  ): Promise<readonly (Outcome | Deferred)[]> {
    const outcomes: (Outcome | Deferred)[] = [];
    for (const item of items) outcomes.push(await this.handleOne({ service, name }, item, handle));
    return outcomes;
  }

  private async handleOne(
    command: { readonly service: ServiceName; readonly name: string },
    item: CommandItem,
    handle: Handle,
  ): Promise<Outcome | Deferred> {
    const { key, messageId } = item.context;
    const isRepeat = messageId.endsWith(REPEATED);
    if (key && !isRepeat) await this.onCommand?.(key.sagaId, key.step);
    switch (key && this.plan?.({ ...command, sagaId: key.sagaId, step: key.step })) {
      case 'refuse':
        return { kind: 'refused', ...INJECTED };
      case 'unknown':
        return { kind: 'unknown', ...INJECTED };
      case 'lose-outcome': {
        this.lost.add(messageId);
        return one(await handle([item]));
      }
      case 'repeat': {
        const first = one(await handle([item]));
        // A second message with the same key: the inbox cannot know it, only the handler can bear it.
        await handle([repeated(item)]);
        return first;
      }
      default:
        return one(await handle([item]));
    }
  }
}

const REPEATED = '-again';

function repeated(item: CommandItem): CommandItem {
  const { context, input } = item;
  const messageId = `${context.messageId}${REPEATED}`;
  return { input, context: { ...context, messageId, replyRef: { ...context.replyRef, messageId } } };
}

function one(results: readonly (Outcome | Deferred)[]): Outcome | Deferred {
  return results[0] ?? deferred();
}

/** A refusal is no effect, and losing it would say nothing about repeating an effect. */
function lostOf(outcome: Outcome): Outcome {
  return isDeferred(outcome) || outcome.kind !== 'done' ? outcome : { kind: 'unknown', ...INJECTED };
}
