import { outcomeSubject, type Outcome, type ServiceName } from '@rackwright/contracts';
import type { Tx } from '@rackwright/persistence';
import { encodeItem } from './envelope.js';
import type { ReplyRef } from './handlers.js';
import type { MessagingLimits } from './limits.js';
import { outcomeIdOf } from './message-key.js';
import type { OutboxSender } from './outbox-sender.js';
import type { OutboxRow } from './outbox.store.js';

/** An outcome and the command it answers. */
export interface Reply {
  readonly ref: ReplyRef;
  readonly outcome: Outcome;
}

/** Tells askers how their commands ended. */
export class OutcomeBus {
  constructor(
    private readonly service: ServiceName,
    private readonly sender: OutboxSender,
    private readonly limits: MessagingLimits,
  ) {}

  /**
   * Writes the outcome in the caller's transaction; it leaves right after the commit. A command has one outcome: the
   * first one stands and any later one adds nothing, so repeating is harmless.
   */
  async reply(tx: Tx, ref: ReplyRef, outcome: Outcome): Promise<void> {
    await this.replyMany(tx, [{ ref, outcome }]);
  }

  /** As {@link reply} for many in one statement. */
  async replyMany(tx: Tx, replies: readonly Reply[]): Promise<void> {
    await this.sender.add(
      tx,
      replies.map((reply) => this.row(reply)),
    );
  }

  private row({ ref, outcome }: Reply): OutboxRow {
    const messageId = outcomeIdOf(ref.messageId);
    const headers = {
      id: messageId,
      from: this.service,
      cause: ref.messageId,
      ...(ref.key === undefined ? {} : { key: ref.key }),
      ...(ref.actor === undefined ? {} : { actor: ref.actor }),
      ...(ref.trace === undefined ? {} : { trace: ref.trace }),
    };
    return {
      messageId,
      kind: 'outcome',
      subject: outcomeSubject(ref.asker, ref.command),
      item: encodeItem(headers, outcome, this.limits.itemBytesMax),
      attempts: 0,
    };
  }
}
