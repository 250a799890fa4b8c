import {
  OPEN_GATE,
  type DeviceCall,
  type DeviceResult,
  type Initiator,
  type ReadResult,
  type ServerIdentity,
} from '@rackwright/driver-core';
import { createIpmiDriver, type IpmiDriver } from '@rackwright/driver-ipmi';
import { createIpxeDriver, MemoryBootScriptStore, type IpxeDriver } from '@rackwright/driver-ipxe';
import { createOvsdbDriver, type OvsdbDriver } from '@rackwright/driver-ovsdb';
import { createTgtDriver, type TgtDriver } from '@rackwright/driver-tgt';
import { AppError, parseIqn, parseMac, SystemClock } from '@rackwright/kernel';
import type { MachineName, ProfileIdentity, RackController } from './rack-controller.js';
import { PRODUCT_ACCOUNT } from './rack/bmc.js';
import type { Machine } from './rack/machine.js';
import { LUN, VLANS, type Rack } from './rack/rack.js';

const clock = new SystemClock();
/** Two readings of `off` lie at least this far apart before they are evidence. */
const OFF_DWELL_MS = 3_000;
const ATTEMPTS = 60;
const PAUSE_MS = 500;

const IDENTITY = {
  mac: parseMac('02:fd:00:00:00:10'),
  storageMac: parseMac('02:fd:00:00:00:11'),
  iqn: parseIqn('iqn.2026-01.test.realrack:profile-web'),
};
const INITIATORS: readonly Initiator[] = [{ kind: 'iscsi', iqn: IDENTITY.iqn }];
const HOST = {
  name: 'rw_web',
  initiators: INITIATORS,
  mappings: [{ volume: LUN.volume, lun: LUN.number }],
};
const SERVER_IDENTITY: ServerIdentity = {
  ports: [
    { port: 'NIC.1', mac: IDENTITY.mac },
    {
      port: 'NIC.2',
      mac: IDENTITY.storageMac,
      iscsi: { initiator: IDENTITY.iqn, address: '10.60.0.50/24' },
      bootTargets: [{ kind: 'iscsi', target: LUN.target, portal: LUN.portal, lun: LUN.number }],
    },
  ],
};
const CLEAN: ServerIdentity = { ports: [] };

interface Server {
  readonly machine: Machine;
  readonly power: IpmiDriver;
  readonly adapter: IpxeDriver;
}

/** Moves the profile by calling the product's drivers in the order that safety rule 4 demands; no service is involved. */
export class DriverController implements RackController {
  readonly name = 'the drivers';
  readonly closesPortsAtEnrolment = true;
  private readonly store = new MemoryBootScriptStore();
  private readonly servers: Readonly<Record<MachineName, Server>>;
  private readonly switch: OvsdbDriver;
  private readonly array: TgtDriver;
  private holder: MachineName | undefined;

  constructor(rack: Rack) {
    this.servers = { a: this.server(rack.a), b: this.server(rack.b) };
    this.switch = createOvsdbDriver({ address: `tcp:127.0.0.1:${rack.ovs.tcpPort}` });
    const { ipcSocket, controlPort } = rack.array;
    const { portal, volumePrefix } = LUN;
    this.array = createTgtDriver({ ipcSocket, controlPort, portal, volumePrefix });
  }

  readonly bootScripts = (boardSerial: string): Promise<string | undefined> => this.store.read(boardSerial);

  identity(): Promise<ProfileIdentity> {
    return Promise.resolve(IDENTITY);
  }

  async enrol(): Promise<void> {
    for (const server of Object.values(this.servers)) await this.closePorts(server);
  }

  async place(name: MachineName): Promise<void> {
    const server = this.servers[name];
    await this.closePorts(server);
    await this.proveEmpty(server);
    await this.programme(server);
    await this.done('mask', () => this.array.ensureHost(HOST, this.call()));
    await this.start(name);
  }

  async move(to: MachineName): Promise<void> {
    const source = this.servers[this.holder ?? refuse('the profile is nowhere')];
    const target = this.servers[to];
    await this.done('power off', () => source.power.ensurePower('off', 'force', this.call()));
    await this.cut(source);
    await this.closePorts(target);
    await this.proveEmpty(target);
    await this.programme(target);
    // The mask follows the initiator name: it must be there already, and is not touched.
    const mask = await this.read('mask', () => this.array.readHost(HOST.name, this.call()));
    if (mask?.mappings.length !== 1) refuse('the mask is not there');
    await this.proveCut(source);
    await this.start(to);
  }

  async remove(): Promise<void> {
    const source = this.servers[this.holder ?? refuse('the profile is nowhere')];
    await this.done('power off', () => source.power.ensurePower('off', 'force', this.call()));
    await this.cut(source);
    await this.done('unmask', () => this.array.ensureNoHost(HOST.name, this.call()));
    await this.proveCut(source);
    this.holder = undefined;
  }

  async close(): Promise<void> {
    const drivers = [this.switch, this.array, ...Object.values(this.servers).flatMap((s) => [s.power, s.adapter])];
    for (const driver of drivers) await driver.close();
  }

  /** Ports closed on the switch, identity taken off the adapter, sessions ended on the array: each read back. */
  private async cut(server: Server): Promise<void> {
    await this.proveOff(server);
    await this.closePorts(server);
    await this.done('clear identity', () => server.adapter.ensureIdentity(CLEAN, this.call()));
    await this.done('end sessions', () => this.array.ensureNoSessions(INITIATORS, this.call()));
  }

  private async proveCut(server: Server): Promise<void> {
    await this.proveEmpty(server);
    const sessions = await this.read('sessions', () => this.array.sessions(INITIATORS, this.call()));
    if (sessions.length > 0) refuse('a session is left');
  }

  /** Off (two readings), no identity, all ports closed. */
  private async proveEmpty(server: Server): Promise<void> {
    await this.proveOff(server);
    const { ports } = await this.read('identity', () => server.adapter.readIdentity(this.call()));
    if (!ports.every(({ clean }) => clean)) refuse(`${server.machine.facts.name} shows an identity`);
    await this.proveClosed(server);
  }

  private async proveOff({ power, machine }: Server): Promise<void> {
    for (const reading of [1, 2]) {
      if (reading === 2) await clock.sleep(OFF_DWELL_MS);
      const { state, serial, raw } = await this.read('power', () => power.readPower(this.call()));
      if (serial !== machine.facts.boardSerial) refuse(`another machine answered: ${serial}`);
      if (state !== 'off') refuse(`${machine.facts.name} is not off: ${raw}`);
    }
  }

  private async proveClosed({ machine }: Server): Promise<void> {
    for (const port of machine.ports) {
      const { state } = await this.read(port, () => this.switch.readPort(port, this.call()));
      if (state !== 'closed') refuse(`${port} is ${state}`);
    }
  }

  private async programme(server: Server): Promise<void> {
    await this.done('identity', () => server.adapter.ensureIdentity(SERVER_IDENTITY, this.call()));
    const { ports } = await this.read('identity', () => server.adapter.readIdentity(this.call()));
    if (ports.some(({ clean }) => clean)) refuse('the identity did not take');
  }

  /** Last locks: the ports open just before the power comes on, and the login is seen on the array. */
  private async start(name: MachineName): Promise<void> {
    const { power, machine } = this.servers[name];
    this.holder = name;
    const vlans = [VLANS.web, VLANS.storage];
    for (const [index, port] of machine.ports.entries()) {
      const native = vlans[index];
      const want = { tagged: [], ...(native === undefined ? {} : { native }) };
      await this.done(port, () => this.switch.ensureVlans(port, want, this.call()));
      await this.done(port, () => this.switch.ensurePortState(port, 'open', VLANS.parking, this.call()));
    }
    await this.done('power on', () => power.ensurePower('on', 'force', this.call()));
    await this.until('the login', async () => {
      const sessions = await this.read('sessions', () => this.array.sessions(INITIATORS, this.call()));
      return sessions.length > 0;
    });
  }

  private async closePorts({ machine }: Server): Promise<void> {
    for (const port of machine.ports) {
      await this.done(port, () => this.switch.ensurePortState(port, 'closed', VLANS.parking, this.call()));
    }
  }

  private server(machine: Machine): Server {
    const { boardSerial } = machine.facts;
    const ports = [
      { name: 'NIC.1', interface: 'net0' },
      { name: 'NIC.2', interface: 'net1' },
    ];
    const endpoint = { address: `127.0.0.1:${machine.bmc.port}`, credential: PRODUCT_ACCOUNT };
    return {
      machine,
      power: createIpmiDriver(endpoint, { cipherSuite: 3 }),
      adapter: createIpxeDriver({ store: this.store, serverKey: boardSerial, serial: boardSerial, ports }),
    };
  }

  private call(): DeviceCall {
    return { gate: OPEN_GATE, clock, deadline: new Date(clock.now().getTime() + 20_000) };
  }

  /** Asks again while the device settles or is busy; everything else that is not `done` is an error. */
  private async done<T>(what: string, ensure: () => Promise<DeviceResult<T>>): Promise<void> {
    await this.until(what, async () => {
      const result = await ensure();
      if (result.kind === 'done') return true;
      if (result.kind === 'pending' || result.kind === 'busy') return false;
      return refuse(`${what}: ${JSON.stringify(result)}`);
    });
  }

  private async read<T>(what: string, read: () => Promise<ReadResult<T>>): Promise<T> {
    const result = await read();
    return result.kind === 'done' ? result.observed.value : refuse(`${what}: ${JSON.stringify(result)}`);
  }

  private async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let left = ATTEMPTS; left > 0; left--) {
      if (await isSo()) return;
      await clock.sleep(PAUSE_MS);
    }
    refuse(`${what}: not in time`);
  }
}

function refuse(message: string): never {
  throw new AppError('realrack.not-as-wanted', message);
}
