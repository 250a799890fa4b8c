import type { Evidence, Guard } from '@rackwright/contracts';
import {
  again,
  finishedRefused,
  partOf,
  type DeviceOperation,
  type LaneContext,
  type Part,
  type Turn,
} from '@rackwright/device-work';
import type {
  AdapterPortFacts,
  DeviceCall,
  DeviceResult,
  Observed,
  PowerReading,
  ReadResult,
} from '@rackwright/driver-core';
import type { Clock, ServerId } from '@rackwright/kernel';
import type { Database } from '@rackwright/persistence';
import type { BmcDrivers } from '../bmc/bmc-drivers.js';
import type { Bmc, BmcStore } from '../bmc/bmc.store.js';
import type { ServerConnection } from '../bmc/server-connection.js';
import type { Announcer } from './announcer.js';

/** What every command on a server says. */
export interface ServerInput {
  readonly serverId: ServerId;
  readonly boardSerial: string;
  readonly guards: readonly Guard[];
}

export interface WorkParts {
  readonly bmcs: BmcStore;
  readonly drivers: BmcDrivers;
  readonly database: Database;
  readonly announcer: Announcer;
  readonly offDwellMs: number;
  readonly bootSettleMs: number;
}

const POWER_TIMEOUT_MS = 20_000;
/** Below the time after which device work gives an old call up. */
const IDENTITY_TIMEOUT_MS = 40_000;

/** Refusals of drivers that are refusals of the contract as well. */
const REFUSALS: Readonly<Record<string, string>> = { 'device.wrong-system': 'wrong-device' };
/** Our own doing: the connection was ended under the call, and the next one is new. */
const CLOSED = 'redfish.closed';

/** One turn of one command on one server: what is wanted, how to reach the machine, what earlier turns remembered. */
export class ServerJob<Input extends ServerInput, Progress extends object> {
  /** Changed by the turn and kept when it ends in {@link again}. */
  readonly progress: Partial<Progress>;

  constructor(
    readonly operation: DeviceOperation,
    private readonly context: LaneContext,
    readonly parts: WorkParts,
    readonly bmc: Bmc,
    readonly server: ServerConnection,
  ) {
    this.progress = { ...(operation.progress as Partial<Progress>) };
  }

  get input(): Input {
    return this.operation.input as Input;
  }

  get clock(): Clock {
    return this.context.clock;
  }

  /** Ports of the machine as they were read last. */
  get ports(): readonly AdapterPortFacts[] {
    return this.bmc.facts?.ports ?? [];
  }

  get powerCall(): DeviceCall {
    return this.context.call([this.operation], POWER_TIMEOUT_MS);
  }

  get identityCall(): DeviceCall {
    return this.context.call([this.operation], IDENTITY_TIMEOUT_MS);
  }

  again(afterMs: number, note: string): Turn {
    return again(afterMs, note, this.progress as Record<string, unknown>);
  }

  /** Goes on with what was read back; `refusals` gives a driver's code the name it has in the command's contract. */
  part<T>(result: DeviceResult<T> | ReadResult<T>, refusals: Readonly<Record<string, string>> = {}): Part<T> {
    if (result.kind === 'refused') {
      if (result.code === CLOSED) return { turn: this.again(100, result.message) };
      const code = refusals[result.code] ?? REFUSALS[result.code];
      if (code !== undefined) return { turn: finishedRefused(code, result.message) };
    }
    const part = partOf(result);
    if ('value' in part || part.turn.kind === 'finished') return part;
    return { turn: this.again(part.turn.afterMs, part.turn.note) };
  }

  /** Reads the power in a session of its own. */
  readPowerFresh(): Promise<ReadResult<PowerReading>> {
    const { bmc, parts, input } = this;
    return parts.drivers.fresh(bmc.name, input.boardSerial, ({ power }) => power.readPower(this.powerCall));
  }

  /** A fact about the server, as it was just read. */
  fact(observed: Observed<unknown>, name: string, value: string, serial?: string): Evidence {
    const shown = serial ?? (observed.value as { serial?: string } | null)?.serial;
    return {
      fact: name,
      subject: this.input.serverId,
      value: value.slice(0, 500),
      at: observed.at.toISOString(),
      source: observed.source.slice(0, 500),
      ...(shown !== undefined && { serial: shown.slice(0, 100) }),
    };
  }
}
