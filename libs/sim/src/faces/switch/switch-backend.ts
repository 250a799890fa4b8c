/** VLAN columns of an Open vSwitch port, as its database holds them. */
export interface OvsPortConfig {
  readonly tag?: number;
  readonly trunks: readonly number[];
  readonly vlanMode?: string;
  readonly protected: boolean;
}

export interface SwitchPortRow {
  readonly name: string;
  readonly config: OvsPortConfig;
  readonly adminUp: boolean;
  readonly linkUp: boolean;
}

/** A port as it is wanted after a transaction; undefined when it was taken off the bridge. */
export type WantedPort = OvsPortConfig | undefined;

/** The world as one Open vSwitch sees it. */
export interface SwitchBackend {
  ports(): readonly SwitchPortRow[];
  /** Hands a committed change to the data plane, which follows later; returns a ticket to compare with {@link applied}. */
  configure(changes: Readonly<Record<string, WantedPort>>): number;
  /** The latest ticket the data plane has caught up with. */
  applied(): number;
  /** Calls back when the data plane caught up, or when somebody else changed ports (their names); returns the way to stop. */
  observe(listener: (foreignPorts: readonly string[]) => void): () => void;
  /** The database as it was kept with the world, for a restart of the switch or of the simulator. */
  load(): string | undefined;
  store(database: string): void;
}
