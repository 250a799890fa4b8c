import type { Architecture, Iqn, MacAddress, Uuid, Wwn } from '@rackwright/kernel';
import type { DeviceCall, DeviceResult, ReadResult } from './device-result.js';

/** `unknown` covers transitions, null, missing and anything a device invents; only `off` is off. */
export type PowerState = 'on' | 'off' | 'unknown';

export interface PowerReading {
  readonly state: PowerState;
  /** The device's own word, for evidence: `PoweringOff`, `null`, `Chassis Power is on`. */
  readonly raw: string;
  /** Serial of the system that was read (board or chassis). */
  readonly serial?: string;
}

export type PowerMethod = 'graceful' | 'force';

/** Switches a server on and off. One call is one attempt: it acts when the state differs, reads back and returns. */
export interface PowerPort {
  readPower(call: DeviceCall): Promise<ReadResult<PowerReading>>;
  ensurePower(want: 'on' | 'off', how: PowerMethod, call: DeviceCall): Promise<DeviceResult<PowerReading>>;
}

export type BootSource = 'disk' | 'network' | 'san' | 'none';

export interface BootReading {
  readonly source: BootSource;
  readonly once: boolean;
  /** The device's own words. */
  readonly raw: string;
  /** Progress of the running boot in the words of Redfish BootProgress.LastState, where the device tells. */
  readonly progress?: string;
}

export interface BootPort {
  readBoot(call: DeviceCall): Promise<ReadResult<BootReading>>;
  /** `network` = PXE or HTTP, `san` = the adapter's own boot target first. Persistent where the device can, else for the next boot. */
  ensureBoot(source: BootSource, call: DeviceCall): Promise<DeviceResult<BootReading>>;
}

export interface ProcessorFacts {
  readonly count: number;
  readonly cores?: number;
  readonly threads?: number;
  readonly model?: string;
}

export type AdapterPortKind = 'ethernet' | 'fibre-channel';

/** One port of a network adapter or HBA, by the identity burnt into it. */
export interface AdapterPortFacts {
  /** Stable name inside this server, made from adapter, port and function: `NIC.Integrated.1-1-1`. */
  readonly name: string;
  readonly kind: AdapterPortKind;
  readonly adapterModel?: string;
  readonly permanentMac?: MacAddress;
  readonly currentMac?: MacAddress;
  readonly permanentWwpn?: Wwn;
  readonly currentWwpn?: Wwn;
  readonly permanentWwnn?: Wwn;
  readonly currentWwnn?: Wwn;
  readonly linkUp?: boolean;
  readonly speedMbps?: number;
  /** Neighbour seen by LLDP at this port. */
  readonly lldp?: { readonly chassisId?: string; readonly portId?: string; readonly systemName?: string };
  /** True when the driver can program this port's identity. */
  readonly assignable: boolean;
}

/** What a server is made of, as its BMC tells. A field that is missing was not offered by the device; nothing is guessed. */
export interface HardwareFacts {
  readonly vendor?: string;
  readonly model?: string;
  /** Serial of the system (service tag). */
  readonly serial?: string;
  /** Serial of board or chassis: the key by which the machine is known for ever. */
  readonly boardSerial?: string;
  readonly sku?: string;
  readonly assetTag?: string;
  readonly uuid?: Uuid;
  readonly architecture?: Architecture;
  readonly processors?: ProcessorFacts;
  readonly memoryGiB?: number;
  readonly biosVersion?: string;
  readonly bmc?: { readonly model?: string; readonly firmware?: string; readonly uuid?: Uuid };
  readonly ports: readonly AdapterPortFacts[];
  readonly boot: {
    readonly sources: readonly string[];
    readonly modes: readonly string[];
    readonly sanBoot: boolean;
    readonly persistent: boolean;
  };
  readonly resetTypes: readonly string[];
  readonly powerWatts?: number;
  /** What the device does not offer, in words for people: `no BootProgress`, `no HBA`. */
  readonly gaps: readonly string[];
}

export interface HardwareFactsPort {
  /** Every machine behind this BMC (one for most). */
  listSystems(call: DeviceCall): Promise<ReadResult<readonly string[]>>;
  readFacts(call: DeviceCall): Promise<ReadResult<HardwareFacts>>;
}

export interface SanBootTarget {
  readonly kind: 'fibre-channel' | 'iscsi';
  /** Target WWPN, or the iSCSI target's IQN. */
  readonly target: string;
  /** iSCSI portal `host:port`. */
  readonly portal?: string;
  readonly lun: number;
}

/** The identity a profile wants on one adapter port; absent values mean the permanent one. */
export interface PortIdentity {
  readonly port: string;
  readonly mac?: MacAddress;
  readonly wwpn?: Wwn;
  readonly wwnn?: Wwn;
  readonly iscsi?: {
    readonly initiator: Iqn;
    /** `address/prefix` of the initiator, e.g. `10.60.0.50/24`. */
    readonly address?: string;
    readonly gateway?: string;
  };
  readonly bootTargets?: readonly SanBootTarget[];
}

/** The identity of a whole server: what the profile makes of it. `ports: []` and no UUID = the machine's own again. */
export interface ServerIdentity {
  readonly uuid?: Uuid;
  readonly ports: readonly PortIdentity[];
}

/** What one port shows now, and what it will show after the next reset. */
export interface PortIdentityReading {
  readonly port: string;
  readonly current: PortIdentity;
  /** Undefined: nothing waits for a reset. */
  readonly pending?: PortIdentity;
  /** True when `current` is the permanent identity and no boot target is set. */
  readonly clean: boolean;
}

export interface ServerIdentityReading {
  readonly serial?: string;
  readonly uuid?: Uuid;
  readonly ports: readonly PortIdentityReading[];
}

/** How an adapter takes identities. Observed, not configured. */
export interface IdentityCapability {
  readonly via: 'standard' | 'dell-oem' | 'boot-script' | 'none';
  readonly apply: 'live' | 'on-reset';
  /** What a programmed identity survives. */
  readonly survives: readonly ('warm-reset' | 'cold-reset' | 'ac-loss')[];
}

/** Writes identities into adapters. `done` = current equals wanted; `pending` with handle `reset` = written, applied at the next reset. */
export interface AdapterIdentityPort {
  identityCapability(call: DeviceCall): Promise<ReadResult<IdentityCapability>>;
  readIdentity(call: DeviceCall): Promise<ReadResult<ServerIdentityReading>>;
  ensureIdentity(want: ServerIdentity, call: DeviceCall): Promise<DeviceResult<ServerIdentityReading>>;
}

export interface PowerDraw {
  readonly watts: number;
}

export interface PowerMeterPort {
  readPowerDraw(call: DeviceCall): Promise<ReadResult<PowerDraw>>;
}

/** What the server does when mains return: `always-off` is what fencing wants. */
export type PowerRestorePolicy = 'always-on' | 'always-off' | 'previous';

export interface PowerRestorePort {
  ensurePowerRestore(want: PowerRestorePolicy, call: DeviceCall): Promise<DeviceResult<PowerRestorePolicy>>;
}
