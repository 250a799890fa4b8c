import type { power, ResultOf } from '@rackwright/contracts';
import { OPEN_GATE } from '@rackwright/driver-core';
import { AppError, type Clock, type ServerId } from '@rackwright/kernel';
import type { BmcDrivers } from '../bmc/bmc-drivers.js';
import type { BmcStore } from '../bmc/bmc.store.js';

const READ_TIMEOUT_MS = 10_000;

/** Reads the power of one server now, beside whatever work is under way. */
export class PowerReader {
  constructor(
    private readonly bmcs: BmcStore,
    private readonly drivers: BmcDrivers,
    private readonly clock: Clock,
  ) {}

  /** Throws `power.unknown-server` and `power.unreadable`. */
  async read(serverId: ServerId): Promise<ResultOf<typeof power.readPower>> {
    const bmc = await this.bmcs.ofServer(serverId);
    if (!bmc) throw new AppError('power.unknown-server', `no BMC is known for server ${serverId}`);
    const connection = await this.drivers.get(bmc.name, bmc.board_serial ?? undefined);
    const deadline = new Date(this.clock.now().getTime() + READ_TIMEOUT_MS);
    const read = await connection.power.readPower({ clock: this.clock, gate: OPEN_GATE, deadline });
    if (read.kind !== 'done') throw new AppError('power.unreadable', read.message, { details: { kind: read.kind } });
    const { value, at, source } = read.observed;
    return { state: value.state, raw: value.raw, at: at.toISOString(), source };
  }
}
