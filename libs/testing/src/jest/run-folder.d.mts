export interface ProcessRecord {
  readonly pid: number;
  readonly startTime?: string | undefined;
}
export function startTimeOf(pid: number): string | undefined;
export function isAlive(process: ProcessRecord): boolean;
export function makeRunFolder(): string;
export function removeRunFolder(folder: string): Promise<void>;
export function removeAbandonedFolders(): Promise<void>;
