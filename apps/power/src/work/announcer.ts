import { power, type DataOf, type Evidence } from '@rackwright/contracts';
import type { Observed, PowerReading } from '@rackwright/driver-core';
import type { ServerId } from '@rackwright/kernel';
import type { EventBus } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';

/** Tells everyone what commands came to. An event may come twice when a process dies between it and its outcome. */
export class Announcer {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async powerRead(serverId: ServerId, { value, at, source }: Observed<PowerReading>): Promise<void> {
    const reading: DataOf<typeof power.powerRead>['readings'][number] = {
      serverId,
      state: value.state,
      raw: value.raw,
      at: at.toISOString(),
      source,
    };
    await this.database.transaction((tx) => this.events.emit(tx, power.powerRead, { readings: [reading] }));
  }

  async identityProgrammed(serverId: ServerId, evidence: Evidence[]): Promise<void> {
    const options = { subject: serverId };
    await this.database.transaction((tx) =>
      this.events.emit(tx, power.identityProgrammed, { serverId, evidence }, options),
    );
  }

  async identityCleared(serverId: ServerId, evidence: Evidence[]): Promise<void> {
    const options = { subject: serverId };
    await this.database.transaction((tx) =>
      this.events.emit(tx, power.identityCleared, { serverId, evidence }, options),
    );
  }
}
