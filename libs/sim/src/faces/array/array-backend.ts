/** A storage array as its management API knows it. Ids are the array's own; the sizes are bytes. */
export interface ArrayInfo {
  readonly name: string;
  readonly serial: string;
}

export interface ArrayVolumeRow {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** NAA name of the volume, as a host sees it. */
  readonly wwn: string;
}

export type PortType = 'FC' | 'iSCSI';

export interface ArrayInitiator {
  readonly portName: string;
  readonly portType: PortType;
}

export interface ArrayHostRow {
  readonly id: string;
  readonly name: string;
  readonly osType: string;
  readonly initiators: readonly ArrayInitiator[];
  readonly mappings: readonly { readonly volumeId: string; readonly lun: number }[];
}

export interface ArrayTargetRow {
  readonly id: string;
  readonly portType: PortType;
  /** WWPN or IQN. */
  readonly name: string;
  readonly wwnn?: string;
  /** `192.0.2.10:3260` */
  readonly portal?: string;
  readonly linkUp: boolean;
}

/** A login of an initiator at a target port, whether or not a host object knows the initiator. */
export interface ArraySessionRow {
  readonly initiator: ArrayInitiator;
  readonly targetId: string;
}

export type ArrayRefusalReason =
  | 'no-such-host'
  | 'no-such-volume'
  | 'name-in-use'
  | 'initiator-in-use'
  | 'no-such-initiator'
  | 'lun-in-use'
  | 'already-mapped'
  | 'not-mapped'
  | 'host-has-mappings'
  | 'volume-is-mapped';

/** The world as one array face sees it. Changes answer why they were refused, or nothing. */
export interface ArrayBackend {
  info(): ArrayInfo;
  volumes(): readonly ArrayVolumeRow[];
  hosts(): readonly ArrayHostRow[];
  targets(): readonly ArrayTargetRow[];
  sessions(): readonly ArraySessionRow[];
  createHost(want: {
    name: string;
    osType: string;
    initiators: readonly ArrayInitiator[];
  }): { id: string } | ArrayRefusalReason;
  changeHost(hostId: string, change: ArrayHostChange): ArrayRefusalReason | undefined;
  /** Deletes a host object, maps a volume, unmaps a volume. */
  apply(action: ArrayAction): ArrayRefusalReason | undefined;
}

/** One of these per request, as the API demands. */
export type ArrayHostChange =
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'add-initiators'; readonly initiators: readonly ArrayInitiator[] }
  | { readonly kind: 'remove-initiators'; readonly portNames: readonly string[] };

export type ArrayAction =
  | { readonly kind: 'delete-host'; readonly hostId: string }
  | { readonly kind: 'attach'; readonly hostId: string; readonly volumeId: string; readonly lun?: number }
  | { readonly kind: 'detach'; readonly hostId: string; readonly volumeId: string };
