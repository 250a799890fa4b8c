import type { DeviceStore, DeviceToReach } from '@rackwright/device-registry';
import type { ServerConnection } from './server-connection.js';

/** Kind under which BMCs are registered, and the prefix of their lanes. */
export const BMC = 'bmc';

interface OpenConnection {
  readonly version: number;
  readonly serial: string | undefined;
  readonly connection: ServerConnection;
}

/**
 * One connection per BMC, bound to the serial of the machine that is meant: made anew when the BMC was edited or
 * another machine is meant.
 */
export class BmcDrivers {
  private readonly open = new Map<string, OpenConnection>();

  constructor(
    private readonly store: DeviceStore,
    private readonly connect: (device: DeviceToReach, serial: string | undefined) => ServerConnection,
  ) {}

  /** Throws `device-registry.unknown-device`. */
  async get(name: string, serial: string | undefined): Promise<ServerConnection> {
    const version = await this.store.versionOf(BMC, name);
    const known = this.open.get(name);
    if (known && known.version === version && known.serial === serial) return known.connection;
    await this.drop(name);
    const device = await this.store.reach(BMC, name);
    const connection = this.connect(device, serial);
    this.open.set(name, { version: device.version, serial, connection });
    return connection;
  }

  /** Uses a connection of its own, with a session of its own on the BMC, that is ended afterwards. */
  async fresh<T>(
    name: string,
    serial: string | undefined,
    use: (connection: ServerConnection) => Promise<T>,
  ): Promise<T> {
    const connection = this.connect(await this.store.reach(BMC, name), serial);
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  }

  /** Ends the session on a BMC; undefined when there was none. */
  async drop(name: string): Promise<ServerConnection | undefined> {
    const known = this.open.get(name);
    this.open.delete(name);
    await known?.connection.close();
    return known?.connection;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.open.keys()].map((name) => this.drop(name)));
  }
}
