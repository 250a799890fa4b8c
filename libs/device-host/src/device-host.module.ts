import { Global, Module, type DynamicModule, type FactoryProvider, type InjectionToken } from '@nestjs/common';
import type { Outcome, ServiceName } from '@rackwright/contracts';
import { DeviceStore, SealingKeys, Vault } from '@rackwright/device-registry';
import { DeviceWork, type Combine, type LaneHandler } from '@rackwright/device-work';
import type { Clock, IdFactory, RandomSource } from '@rackwright/kernel';
import { OutcomeBus, type ReplyRef } from '@rackwright/messaging';
import type { Logger } from '@rackwright/observability';
import { Database } from '@rackwright/persistence';
import { CLOCK, LOGGER, type HostParts } from '@rackwright/service-host';

/** Offers the {@link DeviceStore} of a service to all its modules. */
@Global()
@Module({})
export class DeviceHostModule {
  static for(
    service: ServiceName,
    masterKeyFile: string,
    parts: Pick<HostParts, 'database' | 'random'>,
  ): DynamicModule {
    const store: FactoryProvider<DeviceStore> = {
      provide: DeviceStore,
      useFactory: () => openStore(service, masterKeyFile, parts),
    };
    return { module: DeviceHostModule, providers: [store], exports: [DeviceStore] };
  }
}

async function openStore(
  service: ServiceName,
  masterKeyFile: string,
  { database, random }: { database: Database; random: RandomSource },
): Promise<DeviceStore> {
  const vault = Vault.fromFile(masterKeyFile, random);
  return new DeviceStore(service, database, vault, await SealingKeys.open(database, vault, service));
}

/** Device work over these lane handlers; give {@link DeviceWorkRunner} as a provider beside it. */
export function deviceWorkProvider(
  handlers: readonly InjectionToken[],
  ids: IdFactory,
  combine?: Combine,
): FactoryProvider<DeviceWork> {
  return {
    provide: DeviceWork,
    inject: [Database, OutcomeBus, CLOCK, LOGGER, ...handlers],
    useFactory: (database: Database, outcomes: OutcomeBus, clock: Clock, logger: Logger, ...lanes: LaneHandler[]) =>
      new DeviceWork({
        database,
        clock,
        owner: ids.newUuidV7(),
        handlers: lanes,
        replies: { reply: (tx, ref, outcome: Outcome) => outcomes.reply(tx, ref as ReplyRef, outcome) },
        onError: (err, what) => logger.error({ err }, what),
        ...(combine && { combine }),
      }),
  };
}
