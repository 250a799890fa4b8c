import type { MacAddress } from '@rackwright/kernel';
import type { DeviceCall, DeviceResult, ReadResult } from './device-result.js';

/** VLAN membership of one switch port. Never "everything": a port carries exactly what is listed. */
export interface PortVlans {
  /** Untagged VLAN, 1..4094; undefined = no untagged traffic. */
  readonly native?: number;
  /** Tagged VLANs, ascending. */
  readonly tagged: readonly number[];
}

/**
 * A port is `closed` when no frame passes: admin-down, or, on Open vSwitch, the parking VLAN with `protected` set and
 * learned addresses flushed. A parking VLAN alone is a resting place, not a cut.
 */
export type PortState = 'open' | 'closed';

export interface SwitchPortReading {
  readonly port: string;
  readonly vlans: PortVlans;
  readonly state: PortState;
  readonly linkUp?: boolean;
  /** True when the port is left to carry all VLANs (Open vSwitch with no tag and no trunks). */
  readonly carriesEverything: boolean;
  /** MAC addresses the switch has learnt here, where it tells. */
  readonly learnt?: readonly MacAddress[];
}

export interface PortVlanPort {
  listPorts(call: DeviceCall): Promise<ReadResult<readonly SwitchPortReading[]>>;
  readPort(port: string, call: DeviceCall): Promise<ReadResult<SwitchPortReading>>;
  /** Sets exactly these VLANs; `done` only when the data plane has applied them, not when the database has. */
  ensureVlans(port: string, want: PortVlans, call: DeviceCall): Promise<DeviceResult<SwitchPortReading>>;
}

export interface PortStatePort {
  /** Closing keeps the port closed over a switch restart. `parkingVlan` is where a closed port rests. */
  ensurePortState(
    port: string,
    want: PortState,
    parkingVlan: number,
    call: DeviceCall,
  ): Promise<DeviceResult<SwitchPortReading>>;
}
