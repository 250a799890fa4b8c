/**
 * The data model of the world: plain JSON records, so that a snapshot is one `JSON.stringify` and a test can read the
 * whole truth at a glance. Identities are lower-case colon text as the kernel normalises them. Times are simulated
 * milliseconds since the world began.
 */
import type { PersistencePolicy, PowerRestore, ServerModel } from './server-model.js';

export * from './server-model.js';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

export type PortKind = 'ethernet' | 'fibre-channel';

/** A SAN boot target in an adapter; `target` is a WWPN or an IQN. */
export interface BootTarget {
  readonly kind: 'fibre-channel' | 'iscsi';
  readonly target: string;
  readonly portal?: string;
  readonly lun: number;
}

export interface IscsiIdentity {
  readonly initiator: string;
  readonly address?: string;
  readonly gateway?: string;
}

/** What one adapter port answers to. `iscsi` is absent when nothing is programmed. */
export interface PortIdentityState {
  mac?: string;
  wwpn?: string;
  wwnn?: string;
  iscsi?: IscsiIdentity;
  bootTargets: readonly BootTarget[];
}

/** A change waiting for the next reset; `iscsi: null` clears, a missing key leaves as it is. */
export interface PortIdentityChange {
  readonly mac?: string;
  readonly wwpn?: string;
  readonly wwnn?: string;
  readonly iscsi?: IscsiIdentity | null;
  readonly bootTargets?: readonly BootTarget[];
}

export interface AdapterPortState {
  /** Function id as the BMC shows it, unique within the server: `NIC.Mezzanine.1A-1-1`. */
  readonly name: string;
  readonly adapter: string;
  readonly adapterModel: string;
  readonly kind: PortKind;
  readonly auxPowered: boolean;
  readonly speedMbps: number;
  readonly permanent: { readonly mac?: string; readonly wwpn?: string; readonly wwnn?: string };
  current: PortIdentityState;
  pending?: PortIdentityChange;
}

/**
 * Electrons flow in every phase but `off`. `powering-off` is a cut under way, `shutting-down` an operating system that
 * was asked to stop, `no-boot` a machine standing at "no bootable device".
 */
export type PowerPhase =
  'off' | 'powering-on' | 'post' | 'os-boot' | 'os-running' | 'no-boot' | 'shutting-down' | 'powering-off';

export type ReportedPower = 'On' | 'Off' | 'PoweringOn' | 'PoweringOff';

export interface BootConfig {
  overrideEnabled: 'Disabled' | 'Once' | 'Continuous';
  overrideTarget: string;
  overrideMode: 'UEFI' | 'Legacy';
  uefiTarget: string;
  order: readonly string[];
}

export interface ServerState {
  readonly name: string;
  readonly site: string;
  readonly rack: string;
  readonly enclosure?: string;
  readonly slot?: number;
  readonly model: string;
  readonly serials: { readonly system: string; readonly board: string; readonly chassis: string };
  readonly permanentUuid: string;
  uuid: string;
  readonly ports: AdapterPortState[];
  /** Outlets that feed it (for blades: those of the enclosure), as `pdu/outlet`. */
  readonly outlets: readonly string[];
  phase: PowerPhase;
  /** Counts entries into POST: one writer lifetime on a LUN is (server, bootId). */
  bootId: number;
  bootProgress: string;
  /** Where the running system was loaded from: `disk`, or `array/volume`. */
  bootedFrom?: string;
  /** What a person would see on the screen when the boot failed. */
  screen?: string;
  reportedPower: ReportedPower;
  lastResetMs: number;
  /** False until POST ran once: LLDP, boot options and the network inventory are empty before. */
  inventoried: boolean;
  powerRestore: PowerRestore;
  /** How it last went off: a system that stopped in good order logged out of its targets. */
  lastStop: 'graceful' | 'hard';
  /** True while no outlet feeds it; its BMC is dead then. */
  dark: boolean;
  /** Electrons before the mains went away, for `previous`. */
  onBeforeLoss: boolean;
  persistence: PersistencePolicy;
  boot: BootConfig;
  locator: boolean;
  maintenance: BmcFaultState;
  /** Room for a face to remember things with the world (jobs, settings times). */
  extra: Record<string, JsonValue>;
}

/** What is wrong with a BMC right now. */
export interface BmcFaultState {
  /** Accepts TCP, never answers. */
  hung: boolean;
  /** Tells this instead of the power state it knows. */
  powerLie?: ReportedPower;
  /** Its address was given to the BMC of another server: whoever asks here gets that one. */
  answersAs?: string;
  /** Accepts reset actions and does nothing. */
  ignoresResets: boolean;
}

export interface PduState {
  readonly name: string;
  readonly feed: string;
  readonly outlets: Record<string, { on: boolean }>;
  extra: Record<string, JsonValue>;
}

export interface FeedState {
  readonly name: string;
  live: boolean;
}

/** What an Ethernet switch port is told to do. Nothing set at all carries every VLAN, as Open vSwitch does. */
export interface SwitchPortConfig {
  adminUp: boolean;
  /** Untagged VLAN. */
  native?: number;
  tagged: readonly number[];
  /** Open vSwitch with neither tag nor trunks, or another "all VLANs" trunk. */
  carriesEverything: boolean;
  /** May not talk to other protected ports. */
  protected: boolean;
}

export interface SwitchPortState {
  readonly name: string;
  /** What the management database says. */
  config: SwitchPortConfig;
  /** What the data plane does. */
  applied: SwitchPortConfig;
  /** Device's own columns that carry no physics (external ids and the like). */
  extra: Record<string, JsonValue>;
}

export interface SwitchState {
  readonly name: string;
  readonly site: string;
  readonly chassisId: string;
  readonly parkingVlan: number;
  /** How long the data plane lags behind the database. */
  readonly applyDelayMs: number;
  readonly ports: Record<string, SwitchPortState>;
  nextCfg: number;
  curCfg: number;
  reachable: boolean;
  extra: Record<string, JsonValue>;
}

/** A cable from a server port or an array port to a switch port. `broken` is a pulled or cut cable. */
export interface CableState {
  readonly from: { readonly kind: 'server' | 'array'; readonly device: string; readonly port: string };
  readonly to: { readonly kind: 'switch' | 'fc-switch'; readonly device: string; readonly port: string };
  broken: boolean;
}

export interface FcSwitchPortState {
  readonly name: string;
  /** Running state; comes back after a switch restart unless `persistentDisabled`. */
  enabled: boolean;
  persistentDisabled: boolean;
}

export interface FcSwitchState {
  readonly name: string;
  readonly domainId: number;
  readonly wwn: string;
  readonly firmware: string;
  readonly ports: Record<string, FcSwitchPortState>;
  reachable: boolean;
  extra: Record<string, JsonValue>;
}

export interface ZoneDefinition {
  readonly type: 'zone' | 'user-created-peer-zone' | 'target-created-peer-zone';
  /** WWPNs or alias names. */
  readonly members: readonly string[];
  readonly principals: readonly string[];
}

/** The zoning database as an administrator edits it. */
export interface ZoningDatabase {
  configurations: Record<string, readonly string[]>;
  zones: Record<string, ZoneDefinition>;
  aliases: Record<string, readonly string[]>;
}

export interface ZoneTransaction {
  readonly owner: string;
  readonly token: number;
  readonly openedMs: number;
  expiresMs: number;
  staged: ZoningDatabase;
}

/** One login at a fabric port: a server's HBA port or an array's target port. */
export interface FabricLoginState {
  readonly wwpn: string;
  readonly wwnn: string;
  readonly permanentWwpn: string;
  readonly fcSwitch: string;
  readonly port: string;
  readonly fcid: string;
  readonly holder: { readonly kind: 'server' | 'array'; readonly name: string; readonly port: string };
  readonly sinceMs: number;
}

export interface FabricState {
  readonly name: string;
  readonly site: string;
  readonly switches: Record<string, FcSwitchState>;
  defined: ZoningDatabase;
  effectiveName?: string;
  /** Aliases resolved; this is what the frames obey. */
  effective: Record<string, ZoneDefinition>;
  defaultZoneOpen: boolean;
  checksum: string;
  transaction?: ZoneTransaction;
  lastToken: number;
  logins: FabricLoginState[];
}

export interface ArrayTargetState {
  readonly id: string;
  readonly kind: 'fibre-channel' | 'iscsi';
  /** WWPN or IQN. */
  readonly name: string;
  readonly wwnn?: string;
  readonly portal?: string;
  readonly vlan?: number;
}

export interface VolumeState {
  readonly name: string;
  readonly id: string;
  readonly sizeGiB: number;
  readonly serial: string;
  /** A volume that many servers may use at once (a cluster file system); exempt from I2. */
  readonly shared: boolean;
}

export interface InitiatorName {
  readonly kind: 'fibre-channel' | 'iscsi';
  readonly name: string;
}

export interface MappingState {
  readonly volume: string;
  readonly lun: number;
}

export interface ArrayHostState {
  readonly id: string;
  name: string;
  osType: string;
  initiators: readonly InitiatorName[];
  mappings: readonly MappingState[];
  extra: Record<string, JsonValue>;
}

/** A session of one initiator with one target on one volume; `server` and `bootId` are truth no array could tell. */
export interface SessionState {
  readonly id: string;
  readonly initiator: InitiatorName;
  readonly target: string;
  readonly volume: string;
  readonly server: string;
  readonly port: string;
  readonly bootId: number;
  readonly openedMs: number;
  /** Set when the other end went away without logging out (iSCSI): ends by itself at this time. */
  deadUntilMs?: number;
}

/** One lifetime of writes: one boot of one server on one volume. */
export interface WriterLifetime {
  readonly server: string;
  readonly boardSerial: string;
  readonly bootId: number;
  readonly initiator: string;
  readonly firstMs: number;
  readonly firstSequence: number;
  lastMs: number;
  lastSequence: number;
  count: number;
}

export interface VolumeWrites {
  count: number;
  /** Oldest first, at most the last 50. */
  lifetimes: WriterLifetime[];
}

export interface ArrayState {
  readonly name: string;
  readonly site: string;
  readonly serial: string;
  readonly deadSessionTimeoutMs: number;
  readonly targets: readonly ArrayTargetState[];
  readonly volumes: Record<string, VolumeState>;
  readonly hosts: Record<string, ArrayHostState>;
  readonly sessions: Record<string, SessionState>;
  readonly writes: Record<string, VolumeWrites>;
  nextId: number;
  extra: Record<string, JsonValue>;
}

/** A wake-up kept as data, so that it survives a restart of the simulator. */
export interface TimerState {
  readonly id: number;
  readonly dueMs: number;
  readonly kind: string;
  readonly target: string;
  readonly data?: JsonValue;
}

/** Everything there is. */
export interface WorldState {
  readonly site: string;
  readonly seed: number;
  timeMs: number;
  sequence: number;
  draws: number;
  nextTimerId: number;
  readonly models: Record<string, ServerModel>;
  readonly feeds: Record<string, FeedState>;
  readonly pdus: Record<string, PduState>;
  readonly servers: Record<string, ServerState>;
  readonly switches: Record<string, SwitchState>;
  readonly fabrics: Record<string, FabricState>;
  readonly arrays: Record<string, ArrayState>;
  readonly cables: CableState[];
  readonly timers: Record<string, TimerState>;
}
