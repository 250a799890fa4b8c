import { createHash } from 'node:crypto';
import type { AppError } from '@rackwright/kernel';
import { isAppError, messageOf } from '@rackwright/kernel';
import { PERSISTENCE_ERRORS, type Database, type Tx } from '@rackwright/persistence';
import type { InboxStore, ParkEntry } from './inbox.store.js';
import type { Incoming, Taker, Verdict } from './intake.js';
import type { MessagingLimits } from './limits.js';
import type { MessagingLog } from './messaging-log.js';
import type { MessagingMetrics } from './messaging-metrics.js';
import { REFUSALS } from './receipt.js';

export interface TakerParts {
  readonly database: Database;
  readonly inbox: InboxStore;
  readonly limits: MessagingLimits;
  readonly log: MessagingLog;
  readonly metrics: MessagingMetrics;
  /** Told after something was parked, beside the log and the metric. */
  readonly onParked: (parked: ParkedNotice) => void;
}

export interface ParkedNotice {
  readonly side: 'received' | 'sent';
  readonly subject: string;
  readonly messageId: string;
  readonly code: string;
  readonly error: string;
}

/** An item with what is wrong with it, if anything. */
export interface Checked<V> {
  readonly incoming: Incoming;
  readonly value?: V;
  readonly problem?: { readonly code: string; readonly message: string };
}

// Trouble of the database says nothing about the message.
const NOT_THE_MESSAGE: readonly string[] = Object.values(PERSISTENCE_ERRORS).filter(
  (code) => code !== PERSISTENCE_ERRORS.rolledBack,
);

/**
 * Takes a group of items in one transaction without savepoints, because groups nearly never fail. When one does, its
 * items are taken one by one, so that a poison message harms only itself; after enough failures it is parked.
 */
export abstract class GroupTaker<V> implements Taker {
  constructor(
    private readonly consumer: string,
    protected readonly parts: TakerParts,
  ) {}

  /** Finds what handles an item and validates it; never throws. */
  protected abstract check(incoming: Incoming): Checked<V>;
  /** Does the effect of items seen for the first time, and what repeated ones need. */
  protected abstract apply(tx: Tx, fresh: readonly Checked<V>[], repeated: readonly Checked<V>[]): Promise<void>;
  /** Adds to the transaction that parks: for a command, the outcome that its asker gets instead. */
  protected abstract onParking(tx: Tx, incoming: Incoming, why: { code: string; message: string }): Promise<void>;

  async take(items: readonly Incoming[]): Promise<readonly (Verdict | undefined)[]> {
    const checked = items.map((incoming) => this.checkSize(incoming) ?? this.check(incoming));
    const good = checked.filter((item) => item.problem === undefined);
    const verdicts = new Map<string, Verdict | undefined>();
    for (const { incoming, problem } of checked) {
      if (problem !== undefined) verdicts.set(incoming.item.id, await this.refuse(incoming, problem, 1));
    }
    if (good.length > 0) for (const [id, verdict] of await this.takeGroup(good)) verdicts.set(id, verdict);
    return items.map(({ item }) => verdicts.get(item.id));
  }

  async parkUnreadable(subject: string, raw: Uint8Array, error: AppError): Promise<void> {
    const messageId = `sha256:${createHash('sha256').update(raw).digest('hex')}`;
    const entry = this.parkEntry({ subject, messageId, raw }, error, 1);
    await this.parts.database.transaction((tx) => this.park(tx, entry));
  }

  private async takeGroup(group: readonly Checked<V>[]): Promise<Map<string, Verdict | undefined>> {
    const verdicts = new Map<string, Verdict | undefined>();
    try {
      await this.parts.database.transaction((tx) => this.takeIn(tx, group));
      return verdicts;
    } catch (error) {
      if (isTrouble(error)) {
        this.parts.log.warn(`nothing taken: ${messageOf(error)}`, { consumer: this.consumer, items: group.length });
        for (const { incoming } of group) verdicts.set(incoming.item.id, busy(error));
        return verdicts;
      }
      const [only] = group;
      if (group.length === 1 && only !== undefined) {
        verdicts.set(only.incoming.item.id, await this.failed(only.incoming, error));
        return verdicts;
      }
    }
    for (const item of group) for (const [id, verdict] of await this.takeGroup([item])) verdicts.set(id, verdict);
    return verdicts;
  }

  private async takeIn(tx: Tx, group: readonly Checked<V>[]): Promise<void> {
    const byId = new Map(group.map((item) => [item.incoming.item.id, item]));
    const freshIds = await this.parts.inbox.take(tx, this.consumer, [...byId.keys()]);
    const fresh: Checked<V>[] = [];
    const repeated: Checked<V>[] = [];
    for (const [id, item] of byId) (freshIds.has(id) ? fresh : repeated).push(item);
    await this.apply(tx, fresh, repeated);
    const copies = group.length - fresh.length;
    tx.afterCommit(() => this.parts.metrics.intake(this.consumer, fresh.length, copies));
  }

  private async failed(incoming: Incoming, error: unknown): Promise<Verdict | undefined> {
    const { id } = incoming.item;
    const message = messageOf(error);
    this.parts.log.error(`a handler failed: ${message}`, {
      subject: incoming.subject,
      messageId: id,
      saga: incoming.item.key?.sagaId,
      ...(isAppError(error) ? { code: error.code } : {}),
      stack: error instanceof Error ? error.stack : undefined,
    });
    try {
      const failures = await this.parts.inbox.recordFailure(this.consumer, id, clean(message));
      if (failures >= this.parts.limits.handlerAttemptsMax) {
        return await this.refuse(
          incoming,
          { code: REFUSALS.handlerFailed, message: `its handler failed: ${message}` },
          failures,
        );
      }
      return { kind: 'later', code: REFUSALS.handlerFailed, message: 'its handler failed; try again' };
    } catch (problem) {
      return busy(problem);
    }
  }

  /** Parks for good. The inbox row makes sure that no late copy is handled after its asker was told that it was not. */
  private async refuse(
    incoming: Incoming,
    why: { readonly code: string; readonly message: string },
    attempts: number,
  ): Promise<Verdict | undefined> {
    const { id } = incoming.item;
    const entry = this.parkEntry({ subject: incoming.subject, messageId: id, raw: incoming.raw() }, why, attempts);
    try {
      const isFresh = await this.parts.database.transaction(async (tx) => {
        const fresh = await this.parts.inbox.take(tx, this.consumer, [id]);
        if (!fresh.has(id)) return false;
        await this.park(tx, entry);
        await this.onParking(tx, incoming, why);
        return true;
      });
      // Already there: refused before, or (a poison that a rival got through) taken. Only the latter is a receipt.
      if (!isFresh && why.code === REFUSALS.handlerFailed) return undefined;
      return { kind: 'refused', ...why };
    } catch (error) {
      this.parts.log.error(`cannot park a message: ${messageOf(error)}`, { subject: incoming.subject, messageId: id });
      return busy(error);
    }
  }

  private checkSize(incoming: Incoming): Checked<V> | undefined {
    const { itemBytesMax } = this.parts.limits;
    // The brackets of a batch of one count as well.
    if (incoming.bytes <= itemBytesMax + 2) return undefined;
    return {
      incoming,
      problem: { code: REFUSALS.oversized, message: `${incoming.bytes} bytes; at most ${itemBytesMax} are taken` },
    };
  }

  private parkEntry(
    what: { readonly subject: string; readonly messageId: string; readonly raw: Uint8Array },
    why: { readonly code: string; readonly message: string },
    attempts: number,
  ): ParkEntry {
    return { consumer: this.consumer, ...what, code: why.code, error: clean(why.message), attempts };
  }

  protected async park(tx: Tx, entry: ParkEntry): Promise<void> {
    const [added] = await this.parts.inbox.park(tx, [entry]);
    if (added === undefined) return;
    const { subject, messageId, code, error } = entry;
    tx.afterCommit(() => {
      this.parts.metrics.parked(code);
      this.parts.log.error(`parked a message: ${error}`, { subject, messageId, code });
      this.parts.onParked({ side: 'received', subject, messageId, code, error });
    });
  }
}

function isTrouble(error: unknown): boolean {
  return isAppError(error) && NOT_THE_MESSAGE.includes(error.code);
}

function busy(error: unknown): Verdict {
  return { kind: 'later', code: REFUSALS.busy, message: isAppError(error) ? error.code : 'the receiver is in trouble' };
}

/** PostgreSQL text cannot hold NUL, and evidence need not be endless. */
export function clean(text: string): string {
  return text.replaceAll('\0', '\u2400').slice(0, 4_000);
}
