import type { DeviceConnection } from '@rackwright/driver-core';
import type { DeviceStore, DeviceToReach } from './device.store.js';

/** One driver object per device, so that its session is shared; made anew when the device was edited or pinned. */
export class DriverPool<Driver extends DeviceConnection> {
  private readonly open = new Map<string, { readonly version: number; readonly driver: Driver }>();

  constructor(
    private readonly store: DeviceStore,
    private readonly kind: string,
    private readonly make: (device: DeviceToReach, name: string) => Driver,
  ) {}

  /** Throws `device-registry.unknown-device`. */
  async get(name: string): Promise<Driver> {
    const version = await this.store.versionOf(this.kind, name);
    const known = this.open.get(name);
    if (known && known.version === version) return known.driver;
    await this.drop(name);
    const device = await this.store.reach(this.kind, name);
    const driver = this.make(device, name);
    this.open.set(name, { version: device.version, driver });
    return driver;
  }

  /** Ends the sessions of a device: what an older call could still use is void. The next `get` signs in anew. */
  async drop(name: string): Promise<void> {
    const known = this.open.get(name);
    this.open.delete(name);
    await known?.driver.close();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.open.keys()].map((name) => this.drop(name)));
  }
}
