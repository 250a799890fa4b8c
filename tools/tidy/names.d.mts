/** Types of `names.mjs`. */
import type { ProjectFile } from './files.mjs';

export declare const KINDS: Readonly<Record<string, string>>;
export declare function nameFindings(files: readonly ProjectFile[]): string[];
