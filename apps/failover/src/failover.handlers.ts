import { Controller } from '@nestjs/common';
import { failover, type InputOf } from '@rackwright/contracts';
import { deferred, Handles, ReceivesOutcomes, type CommandContext, type ReceivedOutcome } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { FenceStore } from './fence/fence.store.js';
import { fenceOutcome, FenceWorker } from './fence/fence.worker.js';

/** Fences asked for by hand. */
@Controller()
export class FailoverHandlers {
  constructor(
    private readonly store: FenceStore,
    private readonly worker: FenceWorker,
  ) {}

  @Handles(failover.requestFence)
  async requestFence(input: InputOf<typeof failover.requestFence>, context: CommandContext) {
    await this.store.record(input, context);
    context.tx.afterCommit(() => this.worker.wake());
    return deferred();
  }

  @ReceivesOutcomes()
  async receive(outcomes: ReceivedOutcome[], tx: Tx): Promise<void> {
    for (const { commandId, outcome } of outcomes)
      await this.store.finish(tx, 'command_id', commandId, fenceOutcome(outcome));
  }
}
