import {
  endCall,
  PinnedTransport,
  settle,
  settleRead,
  type DeviceCall,
  type DeviceConnection,
  type DeviceEndpoint,
  type DeviceIdentity,
  type DeviceResult,
  type FabricLogin,
  type FabricReading,
  type Observed,
  type ReadResult,
  type SanPortReading,
  type SanPortStatePort,
  type ZoneChange,
  type ZoningPort,
} from '@rackwright/driver-core';
import { FosClient, type FosSession } from './fos-client.js';
import { PORTS_PATH, portBody, readLogins, readPorts } from './san-ports.js';
import { field, textOf } from './yang-json.js';
import { readingOf, readZoneDatabase, type ZoneDatabase } from './zone-database.js';
import { isEffective, planZones, unactivatedZones } from './zone-plan.js';
import { refuseForeignTransaction, ZoneTransaction } from './zone-transaction.js';

export interface FosDriverOptions {
  /**
   * Name of the zoning configuration to make when none is enabled, and to disable when our last zone goes. Without it
   * a fabric that has no enabled configuration is refused: an empty fabric is somebody's decision.
   */
  readonly createConfiguration?: string;
}

/** Makes a driver for one fabric through one of its switches. Address: `https://switch`. */
export function createBrocadeFosDriver(endpoint: DeviceEndpoint, options: FosDriverOptions = {}): BrocadeFosDriver {
  return new BrocadeFosDriver(endpoint, options);
}

export class BrocadeFosDriver implements ZoningPort, SanPortStatePort, DeviceConnection {
  private readonly client: FosClient;

  constructor(
    endpoint: DeviceEndpoint,
    private readonly options: FosDriverOptions,
  ) {
    this.client = new FosClient(new PinnedTransport(endpoint.address, endpoint.trust), endpoint.credential);
  }

  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    return this.read('/rest/running/brocade-chassis/chassis', call, async (session) => {
      const chassis = field(await session.read('/rest/running/brocade-chassis/chassis', call), 'chassis');
      const serial = textOf(field(Array.isArray(chassis) ? chassis[0] : chassis, 'serial-number'));
      return {
        vendor: 'Brocade',
        ...(session.identity.model === undefined ? {} : { model: session.identity.model }),
        ...(session.firmware === undefined ? {} : { firmware: session.firmware }),
        ...(serial === undefined ? {} : { serial }),
      };
    });
  }

  /** Sessions end with their call; nothing is left to end. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  readFabric(call: DeviceCall): Promise<ReadResult<FabricReading>> {
    return settleRead(() =>
      this.client.session(call, async (session) => {
        const database = await readZoneDatabase(session, call);
        return { kind: 'done' as const, observed: this.observeFabric(database, session, call) };
      }),
    );
  }

  /** All wanted and unwanted zones in one transaction; an equal fabric is left alone. */
  ensureZones(change: ZoneChange, call: DeviceCall): Promise<DeviceResult<FabricReading>> {
    return settle(() => this.client.session(call, (session) => this.change(change, session, call)));
  }

  logins(call: DeviceCall): Promise<ReadResult<readonly FabricLogin[]>> {
    return this.read('name server', call, (session) => readLogins(session, call));
  }

  listSanPorts(call: DeviceCall): Promise<ReadResult<readonly SanPortReading[]>> {
    return this.read(PORTS_PATH, call, (session) => readPorts(session, call));
  }

  readSanPort(port: string, call: DeviceCall): Promise<ReadResult<SanPortReading>> {
    return this.read(PORTS_PATH, call, (session) => readPort(port, session, call));
  }

  /** Closing is a persistent disable: it survives a restart of the switch. `pending` while a login is still shown. */
  ensureSanPortState(port: string, want: 'open' | 'closed', call: DeviceCall): Promise<DeviceResult<SanPortReading>> {
    return settle(() =>
      this.client.session(call, async (session) => {
        const before = await readPort(port, session, call);
        const changed = before.state !== want || !before.persistent;
        if (changed) await session.change({ method: 'PATCH', path: PORTS_PATH, body: portBody(port, want) }, call);
        const after = changed ? await readPort(port, session, call) : before;
        const observed = this.observe(after, PORTS_PATH, call);
        if (after.state !== want || !after.persistent) {
          return { kind: 'pending' as const, handle: { kind: 'settling' as const }, observed };
        }
        const lingers = want === 'closed' && after.loggedIn.length > 0;
        if (lingers) return { kind: 'pending' as const, handle: { kind: 'settling' as const }, observed };
        return { kind: 'done' as const, observed, changed };
      }),
    );
  }

  private async change(
    change: ZoneChange,
    session: FosSession,
    call: DeviceCall,
  ): Promise<DeviceResult<FabricReading>> {
    const before = await readZoneDatabase(session, call);
    const { createConfiguration } = this.options;
    const plan = planZones(before, change, { createConfiguration, zoneName: session.quirks.zoneName });
    if (plan.satisfied && plan.edits.length === 0) {
      return { kind: 'done', observed: this.observeFabric(before, session, call), changed: false };
    }
    refuseForeignTransaction(before);
    const theirs = unactivatedZones(before);
    if (theirs.length > 0) {
      const message = `enabling would also change zones of others that were saved and not enabled: ${theirs.slice(0, 5).join(', ')}`;
      return { kind: 'conflict', message, observed: this.observeFabric(before, session, call) };
    }
    const failure = await this.transact(new ZoneTransaction(session, before), { plan, change }, call);
    const after = await readZoneDatabase(session, call);
    const observed = this.observeFabric(after, session, call);
    // Read-back decides, whatever the commit answered: a lost answer may have been a success, a success may be wrong.
    if (isEffective(after, change)) return { kind: 'done', observed, changed: true };
    if (failure !== undefined) return failure;
    return {
      kind: 'conflict',
      message: 'the commit was accepted, and the effective zones are not as wanted',
      observed,
    };
  }

  private async transact(
    transaction: ZoneTransaction,
    { plan, change }: { plan: ReturnType<typeof planZones>; change: ZoneChange },
    call: DeviceCall,
  ): Promise<DeviceResult<never> | undefined> {
    const end = await settle(async () => {
      await transaction.run(plan, change, call);
      return { kind: 'done' as const, changed: true, observed: this.observe(undefined, 'zoning', call) };
    });
    return end.kind === 'done' ? undefined : end;
  }

  private read<T>(what: string, call: DeviceCall, work: (session: FosSession) => Promise<T>): Promise<ReadResult<T>> {
    return settleRead(() =>
      this.client.session(call, async (session) => {
        return { kind: 'done' as const, observed: this.observe(await work(session), what, call) };
      }),
    );
  }

  private observe<T>(value: T, what: string, call: DeviceCall): Observed<T> {
    return { value, at: call.clock.now(), source: `${this.client.transport.origin.origin} ${what}` };
  }

  private observeFabric(database: ZoneDatabase, session: FosSession, call: DeviceCall): Observed<FabricReading> {
    return { ...this.observe(readingOf(database), session.quirks.zoning, call), etag: database.checksum };
  }
}

async function readPort(port: string, session: FosSession, call: DeviceCall): Promise<SanPortReading> {
  const found = (await readPorts(session, call)).find((candidate) => candidate.port === port);
  return found ?? endCall({ kind: 'refused', code: 'fos.no-such-port', message: `the switch has no port "${port}"` });
}
