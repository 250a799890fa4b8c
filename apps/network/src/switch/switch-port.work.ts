import type { Evidence } from '@rackwright/contracts';
import { type DriverPool, type DeviceStore } from '@rackwright/device-registry';
import {
  type DeviceOperation,
  type EndedCalls,
  type LaneContext,
  type LaneHandler,
  oneByOne,
  turnOf,
  type Turn,
} from '@rackwright/device-work';
import type {
  DeviceCall,
  DeviceConnection,
  DeviceResult,
  Observed,
  PortStatePort,
  PortVlanPort,
  SwitchPortReading,
} from '@rackwright/driver-core';
import { parkingVlanOf, SWITCH } from './switch.service.js';

export type SwitchDriver = PortVlanPort & PortStatePort & DeviceConnection;

/** One port of a command, in the lane of its switch. */
export interface PortWork {
  readonly port: string;
  readonly expect?: 'open' | 'closed';
  readonly nativeVlan?: number;
  readonly taggedVlans?: readonly number[];
}

const REQUEST_TIMEOUT_MS = 15_000;

/** Carries out close-ports, open-ports and read-ports on one switch, each read back on the device. */
export class SwitchPortWork implements LaneHandler {
  readonly prefix = SWITCH;
  readonly work = oneByOne((operation, context) => this.run(operation, context));

  constructor(
    private readonly store: DeviceStore,
    private readonly drivers: DriverPool<SwitchDriver>,
  ) {}

  /** Connections to a switch live no longer than a call, so a former worker's are over with its sockets. */
  async endCalls(lane: string): Promise<EndedCalls> {
    await this.drivers.drop(lane.slice(SWITCH.length + 1));
    return 'revoked';
  }

  private async run(operation: DeviceOperation, context: LaneContext): Promise<Turn> {
    const device = operation.lane.slice(SWITCH.length + 1);
    const registered = await this.store.get(SWITCH, device);
    if (!registered)
      return {
        kind: 'finished',
        outcome: { kind: 'refused', code: 'unknown-device', message: `there is no switch ${device}` },
      };
    const driver = await this.drivers.get(device);
    const evidence: Evidence[] = [];
    for (const wanted of (operation.input as { ports: PortWork[] }).ports) {
      const call = context.call([operation], REQUEST_TIMEOUT_MS);
      const turn = await this.doPort(
        { operation, device, wanted, driver, parkingVlan: parkingVlanOf(registered.options), call },
        evidence,
      );
      if (turn) return turn;
    }
    return { kind: 'finished', outcome: { kind: 'done', result: { evidence } } };
  }

  /** Undefined when the port is as wanted and its evidence was added. */
  private async doPort(job: PortJob, evidence: Evidence[]): Promise<Turn | undefined> {
    for (const step of stepsOf(job)) {
      const turn = turnOf(await step(), () => GO_ON);
      if (turn !== GO_ON) return turn;
    }
    // Whatever the calls before said: what counts is what the port shows now.
    const turn = turnOf(await job.driver.readPort(job.wanted.port, job.call), (observed) => {
      const problem = differenceOf(job, observed.value);
      if (problem !== undefined) return differs(job, problem);
      evidence.push(evidenceOf(job.device, observed));
      return GO_ON;
    });
    return turn === GO_ON ? undefined : turn;
  }
}

interface PortJob {
  readonly operation: DeviceOperation;
  readonly device: string;
  readonly wanted: PortWork;
  readonly driver: SwitchDriver;
  readonly parkingVlan: number;
  readonly call: DeviceCall;
}

/** Stands for "this part is as wanted"; never leaves this file. */
const GO_ON: Turn = { kind: 'again', afterMs: 0, note: '' };

type Step = () => Promise<DeviceResult<SwitchPortReading>>;

function stepsOf({ operation, wanted, driver, parkingVlan, call }: PortJob): Step[] {
  if (operation.kind === 'close-ports') return [() => driver.ensurePortState(wanted.port, 'closed', parkingVlan, call)];
  if (operation.kind !== 'open-ports') return [];
  const vlans = {
    ...(wanted.nativeVlan !== undefined && { native: wanted.nativeVlan }),
    tagged: wanted.taggedVlans ?? [],
  };
  // VLANs first: a port must never be open with anything but its own.
  return [
    () => driver.ensureVlans(wanted.port, vlans, call),
    () => driver.ensurePortState(wanted.port, 'open', parkingVlan, call),
  ];
}

function expectedState({ operation, wanted }: PortJob): 'open' | 'closed' {
  if (operation.kind === 'close-ports') return 'closed';
  return operation.kind === 'open-ports' ? 'open' : (wanted.expect ?? 'closed');
}

/** How a port differs from what is wanted; undefined when it does not. */
function differenceOf(job: PortJob, reading: SwitchPortReading): string | undefined {
  const expected = expectedState(job);
  if (reading.state !== expected) return `it is ${reading.state}, ${expected} is expected`;
  if (reading.carriesEverything) return 'it carries every VLAN';
  const { nativeVlan, taggedVlans } = job.wanted;
  if (expected === 'closed' || taggedVlans === undefined) return undefined;
  const is = JSON.stringify([reading.vlans.native ?? null, reading.vlans.tagged]);
  const should = JSON.stringify([nativeVlan ?? null, taggedVlans]);
  return is === should ? undefined : `VLANs are ${is}, should be ${should}`;
}

/** A read tells what is; a change that does not show is looked at again until its deadline. */
function differs({ operation, device, wanted }: PortJob, problem: string): Turn {
  const message = `${device} port ${wanted.port}: ${problem}`;
  if (operation.kind !== 'read-ports') return { kind: 'again', afterMs: 250, note: message };
  return { kind: 'finished', outcome: { kind: 'refused', code: 'port-differs', message } };
}

function evidenceOf(device: string, observed: Observed<SwitchPortReading>): Evidence {
  const { port, state, vlans } = observed.value;
  const value =
    state === 'closed'
      ? 'closed'
      : `open, native ${vlans.native ?? 'none'}, tagged ${vlans.tagged.length === 0 ? 'none' : vlans.tagged.join(' ')}`;
  return {
    fact: state === 'closed' ? 'port-closed' : 'port-open',
    subject: `${device}/${port}`,
    value,
    at: observed.at.toISOString(),
    source: observed.source,
  };
}
