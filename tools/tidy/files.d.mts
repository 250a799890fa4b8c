/** Types of `files.mjs`. */
export interface ProjectFile {
  readonly path: string;
  readonly bytes: number;
  readonly text: string;
}
export declare function projectFiles(root: string): ProjectFile[];
export declare function fileOf(path: string, text?: string): ProjectFile;
export declare function isTypeScript(file: { readonly path: string }): boolean;
export declare function isSpec(file: { readonly path: string }): boolean;
