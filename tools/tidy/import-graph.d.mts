/** Types of `import-graph.mjs`. */
import type { ProjectFile } from './files.mjs';

export type ImportGraph = Map<string, { readonly path: string; readonly isType: boolean }[]>;
export declare function importGraph(files: readonly ProjectFile[]): ImportGraph;
export declare function cycles(graph: ImportGraph): string[][];
export declare function deadFiles(files: readonly ProjectFile[], graph: ImportGraph): string[];
