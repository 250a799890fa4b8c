import type { CommandDefinition, EventDefinition, Outcome, QueryDefinition, ServiceName } from '@rackwright/contracts';
import { subjectOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import type { MessageKey } from './message-key.js';

/** All that is needed to send the outcome of a command, now or after a restart: plain JSON, to be kept in a row. */
export interface ReplyRef {
  readonly messageId: string;
  readonly asker: ServiceName;
  readonly command: { readonly service: ServiceName; readonly name: string; readonly version: number };
  readonly key?: MessageKey;
  readonly actor?: string;
  readonly trace?: string;
}

/** What a command handler gets beside the input. */
export interface CommandContext {
  /** The intake transaction: effect, inbox row and outcome commit together. It may be run again from its start. */
  readonly tx: Tx;
  readonly messageId: string;
  readonly key?: MessageKey;
  readonly asker: ServiceName;
  readonly actor?: string;
  readonly deadline?: Date;
  readonly replyRef: ReplyRef;
}

const DEFERRED = Symbol('deferred');
/** "Recorded; the outcome follows from `OutcomeBus.reply`." */
export interface Deferred {
  readonly [DEFERRED]: true;
}

/** What a device handler returns after it recorded its operation row. */
export function deferred(): Deferred {
  return { [DEFERRED]: true };
}

export function isDeferred(value: Outcome | Deferred): value is Deferred {
  return DEFERRED in value;
}

/** An outcome as it arrived at the asker. */
export interface ReceivedOutcome {
  /** Id of the command it answers, as `CommandBus.send` returned it. */
  readonly commandId: string;
  readonly messageId: string;
  /** Verb-noun and version of the command. */
  readonly command: { readonly service: ServiceName; readonly name: string; readonly version: number };
  readonly key?: MessageKey;
  readonly outcome: Outcome;
}

export interface EventContext {
  readonly tx: Tx;
  /** CloudEvents id; the same when an event comes again. */
  readonly eventId: string;
  readonly time: Date;
  /** Place in the stream. A hint only: it starts anew when the stream was lost and refilled. */
  readonly sequence: number;
  readonly source: string;
}

export interface QueryContext {
  readonly actor?: string;
}

export interface CommandItem {
  readonly input: unknown;
  readonly context: CommandContext;
}

export type CommandHandler = (items: readonly CommandItem[]) => Promise<readonly (Outcome | Deferred)[]>;
export type QueryHandler = (input: unknown, context: QueryContext) => Promise<unknown>;
export type EventHandler = (data: unknown, context: EventContext) => Promise<void>;
export type OutcomesHandler = (outcomes: readonly ReceivedOutcome[], tx: Tx) => Promise<void>;

/** Who handles what in this process. Filled before anything is subscribed. */
export class HandlerRegistry {
  readonly commands = new Map<string, { readonly definition: CommandDefinition; readonly handle: CommandHandler }>();
  readonly queries = new Map<string, { readonly definition: QueryDefinition; readonly answer: QueryHandler }>();
  readonly events = new Map<string, { readonly definition: EventDefinition; readonly handle: EventHandler }>();
  outcomes: OutcomesHandler | undefined;

  constructor(private readonly service: ServiceName) {}

  handleCommand(definition: CommandDefinition, handle: CommandHandler): void {
    this.assertOwn(definition);
    addOnce(this.commands, subjectOf(definition), { definition, handle });
  }

  answerQuery(definition: QueryDefinition, answer: QueryHandler): void {
    this.assertOwn(definition);
    addOnce(this.queries, subjectOf(definition), { definition, answer });
  }

  /** One handler per event and service; it may belong to any service. */
  listenTo(definition: EventDefinition, handle: EventHandler): void {
    addOnce(this.events, subjectOf(definition), { definition, handle });
  }

  receiveOutcomes(handle: OutcomesHandler): void {
    if (this.outcomes !== undefined) throw new AppError('messaging.handled-twice', 'outcomes have a receiver already');
    this.outcomes = handle;
  }

  private assertOwn(definition: CommandDefinition | QueryDefinition): void {
    if (definition.service === this.service) return;
    throw new AppError(
      'messaging.foreign-message',
      `${subjectOf(definition)} belongs to ${definition.service}, not ${this.service}`,
    );
  }
}

function addOnce<T>(map: Map<string, T>, subject: string, handler: T): void {
  if (map.has(subject)) throw new AppError('messaging.handled-twice', `${subject} has a handler already`);
  map.set(subject, handler);
}
