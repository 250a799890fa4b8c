/** Types of `texts.mjs`. */
import type { ProjectFile } from './files.mjs';

type Check = (files: readonly ProjectFile[]) => string[];
export declare const documentationFindings: Check;
export declare const wordFindings: Check;
export declare const specFindings: Check;
export declare const weightFindings: Check;
export declare const linkFindings: Check;
export declare const lockFindings: Check;
export declare const sizeReport: Check;
