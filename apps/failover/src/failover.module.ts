import {
  Injectable,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CommandBus, QueryClient } from '@rackwright/messaging';
import type { HostParts } from '@rackwright/service-host';
import { FailoverHandlers } from './failover.handlers.js';
import { FenceStore } from './fence/fence.store.js';
import { FenceWorker } from './fence/fence.worker.js';

/** The worker lives as long as the service listens. */
@Injectable()
class FenceRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly worker: FenceWorker) {}

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.stop();
  }
}

@Module({})
export class FailoverModule {
  static for({ database, clock, logger }: HostParts): DynamicModule {
    return {
      module: FailoverModule,
      controllers: [FailoverHandlers],
      providers: [
        FenceStore,
        {
          provide: FenceWorker,
          inject: [FenceStore, QueryClient, CommandBus],
          useFactory: (store: FenceStore, queries: QueryClient, commands: CommandBus) => {
            const onError = (err: unknown, what: string): void => logger.error({ err }, what);
            return new FenceWorker({ store, database, queries, commands, clock, onError });
          },
        },
        FenceRunner,
      ],
    };
  }
}
