import type { Iqn, Wwn } from '@rackwright/kernel';
import type { DeviceCall, DeviceResult, Observed, ReadResult } from './device-result.js';

/** A zone as the fabric holds it; members are WWPNs with aliases resolved. */
export interface Zone {
  readonly name: string;
  readonly members: readonly Wwn[];
}

export interface FabricReading {
  /** Name of the enabled configuration; undefined when none is enabled. */
  readonly configuration?: string;
  /** Version of the zoning database, for a conditional commit. */
  readonly checksum: string;
  /** True when members of no common zone may talk: must be false before Rackwright works on a fabric. */
  readonly defaultZoneOpen: boolean;
  readonly enabledZones: readonly Zone[];
  readonly definedZones: readonly Zone[];
  /** Somebody else's open transaction or lock. */
  readonly openTransaction?: { readonly owner?: string };
}

/** Wanted and unwanted zones of one merged fabric transaction. Zones not named here are never touched. */
export interface ZoneChange {
  readonly ensure: readonly Zone[];
  /** Names of zones that must be gone. Only names with Rackwright's mark are accepted. */
  readonly remove: readonly string[];
}

export interface FabricLogin {
  readonly wwpn: Wwn;
  readonly wwnn?: Wwn;
  readonly permanentWwpn?: Wwn;
  /** Switch port, in the switch's own words: `0/3`. */
  readonly port?: string;
  readonly fcid?: string;
}

/** Zoning of one fabric. One call is one transaction: stage, commit with the checksum, read back; abort on every failure path. */
export interface ZoningPort {
  readFabric(call: DeviceCall): Promise<ReadResult<FabricReading>>;
  ensureZones(change: ZoneChange, call: DeviceCall): Promise<DeviceResult<FabricReading>>;
  logins(call: DeviceCall): Promise<ReadResult<readonly FabricLogin[]>>;
}

export interface SanPortReading {
  readonly port: string;
  readonly state: 'open' | 'closed';
  /** True when the state survives a restart of the switch. */
  readonly persistent: boolean;
  readonly loggedIn: readonly Wwn[];
}

export interface SanPortStatePort {
  readSanPort(port: string, call: DeviceCall): Promise<ReadResult<SanPortReading>>;
  listSanPorts(call: DeviceCall): Promise<ReadResult<readonly SanPortReading[]>>;
  ensureSanPortState(port: string, want: 'open' | 'closed', call: DeviceCall): Promise<DeviceResult<SanPortReading>>;
}

export type Initiator =
  { readonly kind: 'fibre-channel'; readonly wwpn: Wwn } | { readonly kind: 'iscsi'; readonly iqn: Iqn };

export interface ArrayVolume {
  readonly name: string;
  readonly sizeGiB?: number;
  /** Serial or WWN of the volume as a host sees it. */
  readonly serial?: string;
}

export interface ArrayTarget {
  readonly kind: 'fibre-channel' | 'iscsi';
  /** Target WWPN or IQN. */
  readonly name: string;
  readonly portal?: string;
  readonly fabric?: string;
  /** Set where only this volume is served here (tgt); undefined = the target serves whatever the host object maps. */
  readonly volume?: string;
}

export interface LunMapping {
  readonly volume: string;
  readonly lun: number;
}

/** A host object on the array: its initiators and exactly the volumes it may reach. */
export interface ArrayHost {
  readonly name: string;
  readonly initiators: readonly Initiator[];
  readonly mappings: readonly LunMapping[];
}

export interface ArraySession {
  readonly initiator: Initiator;
  /** What the array calls the session, where it names one. */
  readonly id?: string;
  readonly volume?: string;
}

/** LUN masking of one array, by host object. Hosts without Rackwright's mark are never touched. */
export interface LunMaskingPort {
  volumes(call: DeviceCall): Promise<ReadResult<readonly ArrayVolume[]>>;
  targets(call: DeviceCall): Promise<ReadResult<readonly ArrayTarget[]>>;
  hosts(call: DeviceCall): Promise<ReadResult<readonly ArrayHost[]>>;
  readHost(name: string, call: DeviceCall): Promise<ReadResult<ArrayHost | undefined>>;
  /** Makes the host object equal to `want`: initiators and mappings, no more and no less. */
  ensureHost(want: ArrayHost, call: DeviceCall): Promise<DeviceResult<ArrayHost>>;
  ensureNoHost(name: string, call: DeviceCall): Promise<DeviceResult<undefined>>;
  /** Live sessions of these initiators. Unmasking does not end them (observed on tgt): read this before believing a cut. */
  sessions(initiators: readonly Initiator[], call: DeviceCall): Promise<ReadResult<readonly ArraySession[]>>;
  ensureNoSessions(initiators: readonly Initiator[], call: DeviceCall): Promise<DeviceResult<readonly ArraySession[]>>;
}

/** Rackwright's mark on zones and array hosts: only names that begin with it are ours to change. */
export const OWNED_NAME_PREFIX = 'rw_';

export type { Observed };
