/** Types of `debian.mjs`. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly signedBy?: string | undefined;
}
export declare function parseSources(text: string): AptSource[];
export declare function candidateSources(entries: readonly AptSource[]): AptSource[];
