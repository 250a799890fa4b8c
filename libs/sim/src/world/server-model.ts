/** What an identity survives in an adapter: Dell's words for persistence policies, used for every vendor. */
export type Survives = 'warm-reset' | 'cold-reset' | 'ac-loss';
export type RedfishFlavour = 'dell' | 'hpe' | 'generic' | 'openbmc';
export type PowerRestore = 'always-on' | 'always-off' | 'previous';

/** How long things take, in milliseconds of simulated time. */
export interface ModelTimings {
  readonly powerOnMs: number;
  readonly postMs: number;
  readonly osBootMs: number;
  readonly powerOffMs: number;
  readonly gracefulMs: number;
  /** How long the BMC goes on telling the old power state. */
  readonly reportLagMs: number;
  /** Shortest time between two reset actions; sooner ones are refused as `too-soon`. 0 = none. */
  readonly resetGapMs: number;
}

/** A vendor profile as data: what kind of machine it is and how its BMC behaves. */
export interface ServerModel {
  readonly name: string;
  readonly flavour: RedfishFlavour;
  readonly manufacturer: string;
  readonly model: string;
  readonly architecture: 'x86-64' | 'arm64' | 'ppc64' | 'sparc';
  readonly processors: {
    readonly count: number;
    readonly model: string;
    readonly cores: number;
    readonly threads: number;
  };
  readonly memoryGiB: number;
  readonly biosVersion: string;
  readonly bmc: { readonly model: string; readonly firmware: string };
  readonly timings: ModelTimings;
  /** BootProgress.LastState values shown during POST; empty = this model does not tell. */
  readonly bootProgress: readonly string[];
  /** True when the BMC shows PoweringOn and PoweringOff. */
  readonly showsTransitions: boolean;
  readonly gracefulShutdown: 'honours' | 'ignores' | 'hangs';
  /** `dell-oem` takes identities through DellNetworkAttributes too; `none` aliases the permanent ones and never changes. */
  readonly identity: 'standard' | 'dell-oem' | 'none';
  readonly persistence: PersistencePolicy;
  readonly sessions: { readonly max: number; readonly timeoutMs: number };
  readonly watts: { readonly standby: number; readonly idle: number; readonly busy: number };
  /** True when the local disk holds an operating system that starts by itself. */
  readonly localSystem: boolean;
  readonly powerRestore: PowerRestore;
}

/** Which programmed values survive what. `optimisation` off (Dell's default) means virtual addresses never take effect. */
export interface PersistencePolicy {
  readonly optimisation: boolean;
  readonly auxPowered: readonly Survives[];
  readonly nonAuxPowered: readonly Survives[];
  readonly initiator: readonly Survives[];
  readonly storageTarget: readonly Survives[];
}
