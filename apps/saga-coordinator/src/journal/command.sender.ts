import type { CommandBus } from '@rackwright/messaging';
import { inSaga } from '@rackwright/observability';
import type { Tx } from '@rackwright/persistence';
import type { CommandSender, CommandToSend } from '@rackwright/saga';

/** Sends a saga's commands through the outbox, all of one saga in its own trace. */
export class BusCommandSender implements CommandSender<Tx> {
  constructor(private readonly bus: CommandBus) {}

  async send(tx: Tx, commands: readonly CommandToSend[]): Promise<void> {
    for (const sagaId of new Set(commands.map(({ key }) => key.sagaId))) {
      const own = commands.filter(({ key }) => key.sagaId === sagaId);
      const requests = own.map(({ command, input, key, deadline, actor }) => ({
        command,
        input,
        options: { key, deadline, ...(actor !== undefined && { actor }) },
      }));
      await inSaga(sagaId, {}, () => this.bus.sendMany(tx, requests));
    }
  }
}
