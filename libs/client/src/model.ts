/**
 * What the API answers, as far as this client and the command line look into it. Servers may add fields: everything is
 * passed on as it came, so that JSON and YAML output show all of it.
 */

export interface Page<T> {
  readonly items: readonly T[];
  readonly total?: number;
  readonly nextCursor?: string;
}

export interface Session {
  readonly token: string;
  readonly expiresAt?: string;
  readonly user?: unknown;
}

export interface TokenRequest {
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'approver' | 'administrator';
  readonly expiresAt?: string;
}

/** A token as it is listed: without its secret. */
export interface Token extends TokenRequest {
  readonly id: string;
  readonly createdBy?: string;
  readonly createdAt?: string;
}

export interface SystemStatus {
  readonly version: string;
  readonly services: readonly {
    readonly name: string;
    /** Absent: nobody can tell from there. */
    readonly healthy?: boolean;
    readonly problem?: string;
    readonly [more: string]: unknown;
  }[];
  /** A count is null when its service does not answer. */
  readonly counts: Readonly<Record<string, unknown>>;
  readonly simulator?: boolean;
}

export interface CablingEnd {
  readonly device: string;
  readonly port: string;
  readonly source: string;
  /** 0..1. */
  readonly confidence: number;
  readonly at?: string;
}

export interface ServerPort {
  readonly name: string;
  readonly kind: 'ethernet' | 'fibre-channel';
  readonly adapterModel?: string;
  readonly permanentMac?: string;
  readonly permanentWwpn?: string;
  readonly linkUp?: boolean;
  readonly speedMbps?: number;
  readonly assignable?: boolean;
  readonly cabling?: CablingEnd;
}

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly lifecycle: string;
  readonly boardSerial: string;
  readonly site?: string;
  readonly rack?: string;
  readonly position?: string;
  readonly chassis?: string;
  readonly pool?: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly uuid?: string;
  readonly architecture?: string;
  readonly processorCount?: number;
  readonly cores?: number;
  readonly memoryGiB?: number;
  readonly bmc?: string;
  readonly driver?: string;
  readonly power: { readonly state: string; readonly at?: string; readonly source?: string; readonly watts?: number };
  readonly profile?: string;
  readonly lockedBy?: string;
  readonly epoch?: number;
  readonly factsAt?: string;
  readonly ports?: readonly ServerPort[];
  readonly gaps?: readonly string[];
  readonly powerFeeds?: readonly string[];
}

export interface Qualification {
  readonly architecture?: string;
  readonly coresMin?: number;
  readonly memoryGiBMin?: number;
  readonly pool?: string;
  readonly model?: string;
}

export interface ResolvedVnic {
  readonly name: string;
  readonly mac?: string;
  readonly native?: string;
  readonly nativeVlan?: number;
  readonly tagged?: readonly string[];
  readonly taggedVlans?: readonly number[];
  readonly address?: string;
}

export interface ResolvedStorage {
  readonly vhbas?: readonly {
    readonly name: string;
    readonly fabric: string;
    readonly wwpn?: string;
    readonly wwnn?: string;
  }[];
  readonly iscsi?: { readonly initiator?: string; readonly vnic?: string; readonly address?: string };
  readonly volumes?: readonly {
    readonly volume: string;
    readonly array?: string;
    readonly lun: number;
    readonly boot?: boolean;
  }[];
}

export interface Profile {
  readonly id: string;
  readonly uuid?: string;
  readonly state: string;
  readonly definition: {
    readonly name: string;
    readonly group?: string;
    readonly description?: string;
    readonly qualification?: Qualification;
    readonly [more: string]: unknown;
  };
  readonly server?: string;
  readonly serverId?: string;
  readonly epoch?: number;
  readonly lockedBy?: string;
  readonly formerHolders?: readonly { readonly server: string; readonly serverId?: string; readonly since?: string }[];
  readonly updatedAt?: string;
  readonly vnics?: readonly ResolvedVnic[];
  readonly storage?: ResolvedStorage;
  /** Services that did not answer, so that their part is missing here. */
  readonly unavailable?: readonly string[];
}

export interface SwitchPort {
  readonly port: string;
  readonly state: 'open' | 'closed';
  readonly nativeVlan?: number;
  readonly taggedVlans?: readonly number[];
  readonly carriesEverything?: boolean;
}

export interface Reason {
  readonly code: string;
  readonly message: string;
}

export interface Placement {
  readonly candidates: readonly {
    readonly serverId: string;
    readonly server: string;
    readonly score: number;
    readonly why: readonly string[];
  }[];
  readonly rejected: readonly {
    readonly serverId: string;
    readonly server: string;
    readonly reasons: readonly Reason[];
  }[];
}

/** What a plan can be asked for; profile, server and pool by name or id. */
export interface PlanRequest {
  readonly kind: 'associate' | 'migrate' | 'disassociate' | 'fence' | 'delete-profile' | (string & {});
  readonly profile?: string;
  readonly server?: string;
  readonly pool?: string;
  readonly removeAccess?: boolean;
  /** How long the operating system gets to shut down by itself (migrate, disassociate), milliseconds. */
  readonly graceMs?: number;
  readonly reason?: string;
}

export interface PlannedChange {
  readonly mark: '+' | '~' | '-' | '!' | '#' | '=';
  readonly area: string;
  readonly device: string;
  readonly text: string;
}

export interface Plan {
  readonly id: string;
  readonly state: 'ready' | 'blocked' | 'executed' | 'expired';
  readonly title: string;
  readonly request?: Readonly<Record<string, unknown>>;
  readonly source?: string;
  readonly target?: string;
  readonly why: readonly string[];
  readonly changes: readonly PlannedChange[];
  readonly reboots: readonly string[];
  readonly undo: string;
  readonly expectedMs?: number;
  readonly blockedBy: readonly Reason[];
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly runId?: string;
}

export type StepState = 'waiting' | 'running' | 'retrying' | 'done' | 'refused' | 'failed' | 'undone' | 'skipped';

export interface RunStep {
  readonly step: string;
  readonly label: string;
  readonly phase: 'forward' | 'undo' | 'turn';
  readonly state: StepState;
  readonly attempt: number;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Last error or reason for waiting. */
  readonly note?: string;
}

export type RunState = 'running' | 'retrying' | 'waiting-for-device' | 'going-back' | 'done' | 'undone' | 'stuck';

export interface RunSummary {
  readonly id: string;
  readonly planId?: string;
  readonly title: string;
  readonly saga: string;
  readonly state: RunState;
  readonly actor: string;
  readonly profileId?: string;
  readonly serverIds?: readonly string[];
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly reason?: string;
  readonly verbs: readonly string[];
  readonly pastNoReturn: boolean;
  readonly traceId?: string;
}

export interface Run extends RunSummary {
  readonly steps: readonly RunStep[];
}

export interface DocumentProblem {
  readonly path?: string;
  readonly code?: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

export interface DocumentChange {
  readonly kind: string;
  readonly name: string;
  readonly action: 'create' | 'update' | 'unchanged' | 'error' | 'skipped';
  readonly diff?: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[];
  readonly problems?: readonly DocumentProblem[];
}

export interface DocumentResult extends DocumentChange {
  /** A profile becomes usable by a run. */
  readonly runId?: string;
}

/** One document of the form people write in YAML. */
export interface RackDocument {
  readonly apiVersion: 'rackwright/v1';
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly group?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** True when nothing more happens without a person: done, undone or stuck. */
export function isSettled(run: Pick<RunSummary, 'state'>): boolean {
  return run.state === 'done' || run.state === 'undone' || run.state === 'stuck';
}
