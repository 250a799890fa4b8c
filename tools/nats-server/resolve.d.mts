/** Types of `resolve.mjs`. */
export declare const OLDEST_NATS_SERVER: string;
export declare class NatsServerMissing extends Error {
  readonly code: string;
}
export declare function isRecentEnough(version: string, oldest?: string): boolean;
export declare function versionOf(path: string): Promise<string | undefined>;
export declare function resolveNatsServer(options?: {
  /** Where `.rackwright/tools` lies; the project this file belongs to when omitted (bundled code must say). */
  projectRoot?: string;
  env?: Readonly<Record<string, string | undefined>>;
  /** Progress of a download, one line each. */
  log?: (line: string) => void;
}): Promise<string>;
