import { parseSubject, type CommandDefinition } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import { GroupTaker, type Checked, type TakerParts } from './group-taker.js';
import {
  isDeferred,
  type CommandContext,
  type CommandHandler,
  type CommandItem,
  type HandlerRegistry,
  type ReplyRef,
} from './handlers.js';
import type { Incoming } from './intake.js';
import { outcomeIdOf } from './message-key.js';
import type { OutboxSender } from './outbox-sender.js';
import type { OutcomeBus, Reply } from './outcome-bus.js';
import { REFUSALS } from './receipt.js';
import { inBatchTrace, inTrace } from './tracing.js';

interface ValidCommand {
  readonly input: unknown;
  readonly handle: CommandHandler;
  readonly definition: CommandDefinition;
}

export const COMMAND_CONSUMER = 'commands';

/** Takes commands: inbox row, effect (or operation row) and outcome in one transaction. */
export class CommandTaker extends GroupTaker<ValidCommand> {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly outcomes: OutcomeBus,
    private readonly sender: OutboxSender,
    parts: TakerParts,
  ) {
    super(COMMAND_CONSUMER, parts);
  }

  protected check(incoming: Incoming): Checked<ValidCommand> {
    const handler = this.registry.commands.get(incoming.subject);
    if (handler === undefined) {
      return {
        incoming,
        problem: { code: REFUSALS.unknownMessage, message: `nobody here handles ${incoming.subject}` },
      };
    }
    const parsed = handler.definition.input.safeParse(incoming.item.body);
    if (!parsed.success) {
      const issues = parsed.error.issues
        .slice(0, 5)
        .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
      return { incoming, problem: { code: REFUSALS.invalidInput, message: issues.join('; ') } };
    }
    return { incoming, value: { input: parsed.data, handle: handler.handle, definition: handler.definition } };
  }

  protected async apply(
    tx: Tx,
    fresh: readonly Checked<ValidCommand>[],
    repeated: readonly Checked<ValidCommand>[],
  ): Promise<void> {
    if (repeated.length > 0) {
      await this.sender.repeatOutcomes(
        tx,
        repeated.map(({ incoming }) => outcomeIdOf(incoming.item.id)),
      );
    }
    const replies: Reply[] = [];
    for (const group of bySubject(fresh)) replies.push(...(await this.handle(tx, group)));
    await this.outcomes.replyMany(tx, replies);
  }

  protected async onParking(tx: Tx, incoming: Incoming, why: { code: string; message: string }): Promise<void> {
    const ref = refOf(incoming);
    if (ref === undefined) return;
    // A failing handler may have reached further than its transaction; the others never ran.
    const kind = why.code === REFUSALS.handlerFailed ? 'unknown' : 'refused';
    await this.outcomes.reply(tx, ref, { kind, code: why.code, message: why.message });
  }

  private async handle(tx: Tx, group: readonly Checked<ValidCommand>[]): Promise<Reply[]> {
    const handle = group[0]?.value?.handle;
    if (handle === undefined) return [];
    const items = group.map((checked) => commandItem(tx, checked));
    const traces = group.map(({ incoming }) => incoming.item.trace);
    const subject = group[0]?.incoming.subject ?? '';
    const work = (): ReturnType<CommandHandler> => handle(items);
    const results = await (traces.length === 1
      ? inTrace(traces[0], subject, work)
      : inBatchTrace(traces, subject, work));
    if (results.length !== items.length) {
      throw new AppError(
        'messaging.wrong-count',
        `the handler of ${subject} gave ${results.length} outcomes for ${items.length} commands`,
      );
    }
    return results.flatMap((result, index) => {
      const ref = items[index]?.context.replyRef;
      return ref === undefined || isDeferred(result) ? [] : [{ ref, outcome: result }];
    });
  }
}

function* bySubject<V>(items: readonly Checked<V>[]): Iterable<readonly Checked<V>[]> {
  const groups = new Map<string, Checked<V>[]>();
  for (const item of items) {
    const group = groups.get(item.incoming.subject);
    if (group === undefined) groups.set(item.incoming.subject, [item]);
    else group.push(item);
  }
  yield* groups.values();
}

function commandItem(tx: Tx, { incoming, value }: Checked<ValidCommand>): CommandItem {
  const { item } = incoming;
  const ref = refOf(incoming);
  if (ref === undefined) throw new AppError('messaging.unknown-subject', `${incoming.subject} is no command subject`);
  const context: CommandContext = {
    tx,
    messageId: item.id,
    asker: item.from,
    replyRef: ref,
    ...(item.key === undefined ? {} : { key: item.key }),
    ...(item.actor === undefined ? {} : { actor: item.actor }),
    ...(item.deadline === undefined ? {} : { deadline: new Date(item.deadline) }),
  };
  return { input: value?.input, context };
}

function refOf({ subject, item }: Incoming): ReplyRef | undefined {
  const parts = parseSubject(subject);
  if (parts === undefined) return undefined;
  return {
    messageId: item.id,
    asker: item.from,
    command: { service: parts.service, name: parts.name, version: parts.version },
    ...(item.key === undefined ? {} : { key: item.key }),
    ...(item.actor === undefined ? {} : { actor: item.actor }),
    ...(item.trace === undefined ? {} : { trace: item.trace }),
  };
}
