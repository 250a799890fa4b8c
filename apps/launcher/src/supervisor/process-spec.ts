/** One process to keep running. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Another user to run as (PostgreSQL refuses to run as root). */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stopSignal?: NodeJS.Signals;
  /** Killed when not gone after this long. */
  readonly stopWithinMs?: number;
  /** Asked again and again until true; `port` is the last one the process said it listens on. */
  readonly isReady: (port: number | undefined) => Promise<boolean>;
}

export type ProcessState = 'starting' | 'ready' | 'waiting' | 'stopped';

/** What the supervisor tells about its processes. */
export interface SupervisorListener {
  line(name: string, line: string): void;
  /** `detail`: how it ended and when it is started again. */
  state(name: string, state: ProcessState, detail: string): void;
}
