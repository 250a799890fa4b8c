/** A zone as the defined database holds it; members are WWNs, `domain,index` or alias names. */
export interface StoredZone {
  readonly name: string;
  readonly type: ZoneType;
  readonly members: readonly string[];
  /** Principals of a peer zone: principals reach all members, members do not reach each other. */
  readonly principals: readonly string[];
}

export type ZoneType = 'zone' | 'user-created-peer-zone' | 'target-created-peer-zone';

/** The committed zoning database, the same on every switch of the fabric. */
export interface ZoningDatabase {
  readonly cfgs: Readonly<Record<string, readonly string[]>>;
  readonly zones: Readonly<Record<string, StoredZone>>;
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Name of the enabled cfg; undefined when none is enabled. */
  readonly effectiveCfg?: string | undefined;
  /** The enabled zones as they were when the cfg was enabled, aliases expanded. Saving alone does not change them. */
  readonly enabledZones: readonly StoredZone[];
  readonly defaultZoneAccess: 'none' | 'all';
}

export interface FcSwitchInfo {
  readonly name: string;
  readonly wwn: string;
  readonly domainId: number;
  readonly serial: string;
  readonly model: string;
  /** `v9.1.1b`: decides which zoning path the switch answers. */
  readonly firmware: string;
}

/** One port login as the name server of the whole fabric holds it. */
export interface NameServerEntry {
  /** Fibre Channel address, `0x010300`. */
  readonly fcid: string;
  readonly wwpn: string;
  readonly wwnn: string;
  /** WWPN of the first login of this N_Port; differs from `wwpn` for an NPIV login. */
  readonly permanentWwpn: string;
  readonly fabricPortWwn: string;
  readonly portIndex: number;
  readonly role: 'initiator' | 'target';
}

export interface FcPort {
  /** `0/3` */
  readonly name: string;
  readonly index: number;
  readonly wwn: string;
  readonly enabled: boolean;
  readonly persistentlyDisabled: boolean;
  readonly linkUp: boolean;
  readonly loggedIn: readonly string[];
}

/** The one transaction a fabric can have open. */
export interface OpenZoneTransaction {
  /** `local`: opened through this switch (its buffer is ours too), `here`: by another administrator of this switch, `elsewhere`: through another switch. */
  readonly owned: 'local' | 'here' | 'elsewhere';
  readonly user: string;
  readonly domainId: number;
  readonly token: number;
  readonly remainingMs: number;
  readonly timeoutMs: number;
}

/** The defined database while it is being edited; a copy, written back as a whole. */
export interface ZoneEdit {
  cfgs: Record<string, string[]>;
  zones: Record<string, { name: string; type: ZoneType; members: string[]; principals: string[] }>;
  aliases: Record<string, string[]>;
}

export type ZoningRefusal =
  | { readonly why: 'locked'; readonly by: string }
  | { readonly why: 'checksum-mismatch' }
  | { readonly why: 'no-transaction' }
  | { readonly why: 'not-found' | 'empty'; readonly name: string };

/** The world as one Fibre Channel switch sees it. Everything is read when asked and nothing is kept. */
export interface FabricBackend {
  switchInfo(): FcSwitchInfo;
  zoning(): ZoningDatabase;
  /** 32 hex digits over everything committed. */
  checksum(): string;
  transaction(): OpenZoneTransaction | undefined;
  /** What is staged through this switch, otherwise what is committed. */
  defined(): ZoneEdit;
  /** Replaces what is staged, opening the transaction when there is none. `change` may throw: then nothing happened. */
  stage(change: (edit: ZoneEdit) => void): ZoningRefusal | undefined;
  save(want: { checksum: string; enable?: string; disable?: boolean }): ZoningRefusal | undefined;
  /** Throws staged edits away, also those of other administrators of this switch. */
  abort(): ZoningRefusal | undefined;
  nameServer(): readonly NameServerEntry[];
  ports(): readonly FcPort[];
  /** Sets the state of a port; a persistent disable survives a restart of the switch. */
  setPort(name: string, state: { enabled: boolean; persistentlyDisabled: boolean }): void;
}
