import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DevicePoller } from '@rackwright/device-registry';
import { DeviceWork } from '@rackwright/device-work';

/** Token of the pollers a service runs besides its device work. */
export const DEVICE_POLLERS = Symbol('rackwright.device-pollers');

/** Starts device work when the service listens, and stops it while the database is still there. */
@Injectable()
export class DeviceWorkRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly work: DeviceWork,
    @Inject(DEVICE_POLLERS) private readonly pollers: readonly DevicePoller[],
  ) {}

  onApplicationBootstrap(): void {
    this.work.start();
    for (const poller of this.pollers) poller.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.pollers.map((poller) => poller.stop()), this.work.stop()]);
  }
}
