import type { CommandDefinition, InputOf, OutcomeOf, ServiceName } from '@rackwright/contracts';
import { subjectOf } from '@rackwright/contracts';
import type { IdFactory } from '@rackwright/kernel';
import type { Database, Tx } from '@rackwright/persistence';
import { encodeItem } from './envelope.js';
import type { MessagingLimits } from './limits.js';
import { messageIdOf, type MessageKey } from './message-key.js';
import type { OutboxSender } from './outbox-sender.js';
import type { OutboxRow } from './outbox.store.js';
import { currentTraceparent } from './tracing.js';
import type { Waiters } from './waiters.js';

export interface SendOptions {
  /** Gives the message its id, so that sending the same step again is the same message. */
  readonly key?: MessageKey;
  /** An id of the caller's own, when there is no key. Default: a new one. */
  readonly messageId?: string;
  readonly actor?: string;
  /** When the asker stops waiting; handed to the handler, not enforced here. */
  readonly deadline?: Date;
  readonly causeId?: string;
}

/** A command with its options, for sending many at once. */
export interface CommandRequest<C extends CommandDefinition = CommandDefinition> {
  readonly command: C;
  readonly input: InputOf<C>;
  readonly options?: SendOptions;
}

export interface CommandBusParts {
  readonly service: ServiceName;
  readonly database: Database;
  readonly sender: OutboxSender;
  readonly waiters: Waiters;
  readonly ids: IdFactory;
  readonly limits: MessagingLimits;
}

/** Asks other services to do something. A command sent in a committed transaction arrives, sooner or later. */
export class CommandBus {
  constructor(private readonly parts: CommandBusParts) {}

  /**
   * Writes the command in the caller's transaction; it leaves right after the commit. Returns its message id. With the
   * same key or id it is the same message: while the first waits the second adds nothing, later it is sent again and the
   * receiver answers with the outcome it has.
   *
   * @throws AppError `messaging.too-large`
   */
  async send<C extends CommandDefinition>(
    tx: Tx,
    command: C,
    input: InputOf<C>,
    options: SendOptions = {},
  ): Promise<string> {
    const row = this.row({ command, input, options });
    await this.parts.sender.add(tx, [row]);
    return row.messageId;
  }

  /** As {@link send} for many commands in one statement; returns their ids in order. */
  async sendMany(tx: Tx, requests: readonly CommandRequest[]): Promise<string[]> {
    const rows = requests.map((request) => this.row(request));
    await this.parts.sender.add(tx, rows);
    return rows.map((row) => row.messageId);
  }

  /**
   * Sends in a transaction of its own and waits for the outcome. The wait is a row, so the outcome may arrive at any
   * replica; asking again with the same key picks up an outcome that came meanwhile.
   *
   * @throws AppError `messaging.ask-timeout`: nothing is known and the command goes on.
   */
  async ask<C extends CommandDefinition>(
    command: C,
    input: InputOf<C>,
    options: SendOptions & { readonly timeoutMs: number },
  ): Promise<OutcomeOf<C>> {
    const row = this.row({ command, input, options });
    const wait = this.parts.waiters.expect(row.messageId, options.timeoutMs);
    try {
      await this.parts.database.transaction(async (tx) => {
        await this.parts.waiters.record(tx, row.messageId, options.timeoutMs);
        await this.parts.sender.add(tx, [row]);
      });
      return (await wait.outcome) as OutcomeOf<C>;
    } finally {
      wait.end();
    }
  }

  private row({ command, input, options = {} }: CommandRequest): OutboxRow {
    const subject = subjectOf(command);
    const { key, actor, deadline, causeId } = options;
    const messageId =
      key !== undefined ? messageIdOf(subject, key) : (options.messageId ?? this.parts.ids.newId('message'));
    const trace = currentTraceparent();
    const headers = {
      id: messageId,
      from: this.parts.service,
      ...(causeId === undefined ? {} : { cause: causeId }),
      ...(key === undefined ? {} : { key }),
      ...(deadline === undefined ? {} : { deadline: deadline.toISOString() }),
      ...(actor === undefined ? {} : { actor }),
      ...(trace === undefined ? {} : { trace }),
    };
    return {
      messageId,
      kind: 'command',
      subject,
      item: encodeItem(headers, input, this.parts.limits.itemBytesMax),
      attempts: 0,
    };
  }
}
