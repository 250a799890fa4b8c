export interface RackRecord {
  /** Folder of the rack; every process of it carries it in its environment as RACKWRIGHT_RACK. */
  readonly folder: string;
  readonly ownerPid: number;
  /** Start of the owner in clock ticks since boot: tells a process from a later one with the same number. */
  readonly ownerStart: string;
  readonly namespaces: readonly string[];
}
export function startOf(pid: number): string | undefined;
export function processesOf(folder: string): number[];
export function removeRack(record: RackRecord): Promise<void>;
export function removeLeftovers(recordsFolder: string): Promise<string[]>;
