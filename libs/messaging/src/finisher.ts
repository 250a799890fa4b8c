import { messageOf } from '@rackwright/kernel';
import type { MessagingLog } from './messaging-log.js';
import type { OutboxRow, OutboxStore } from './outbox.store.js';

/**
 * Marks rows with a receipt as finished. While one statement runs, the receipts of all subjects gather for the next one.
 * A statement that fails is not repeated: the row is sent again, answered as a duplicate, and finished then.
 */
export class Finisher {
  private commands: string[] = [];
  private outcomes: string[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly store: OutboxStore,
    private readonly log: MessagingLog,
  ) {}

  finish(rows: readonly OutboxRow[]): void {
    for (const row of rows) (row.kind === 'command' ? this.commands : this.outcomes).push(row.messageId);
    if (rows.length > 0) this.running ??= this.run();
  }

  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    try {
      while (this.commands.length + this.outcomes.length > 0) {
        const commands = this.commands;
        const outcomes = this.outcomes;
        this.commands = [];
        this.outcomes = [];
        await Promise.all([
          commands.length > 0 ? this.store.finishCommands(commands) : undefined,
          outcomes.length > 0 ? this.store.finishOutcomes(outcomes) : undefined,
        ]);
      }
    } catch (error) {
      this.log.warn(`receipts could not be recorded, their messages will be sent again: ${messageOf(error)}`);
    } finally {
      this.running = undefined;
      if (this.commands.length + this.outcomes.length > 0) this.running = this.run();
    }
  }
}
