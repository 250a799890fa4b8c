import { Global, Module, type DynamicModule, type FactoryProvider, type InjectionToken } from '@nestjs/common';
import type { Outcome, ServiceName } from '@rackwright/contracts';
import { DeviceStore, SealingKeys, Vault } from '@rackwright/device-registry';
import { DeviceWork, type Combine, type LaneHandler } from '@rackwright/device-work';
import type { RandomSource } from '@rackwright/kernel';
import { OutcomeBus, type ReplyRef } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';
import type { HostParts } from '@rackwright/service-host';

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
  { database, clock, logger, ids }: Pick<HostParts, 'database' | 'clock' | 'logger' | 'ids'>,
  combine?: Combine,
): FactoryProvider<DeviceWork> {
  return {
    provide: DeviceWork,
    inject: [OutcomeBus, ...handlers],
    useFactory: (outcomes: OutcomeBus, ...lanes: LaneHandler[]) =>
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
