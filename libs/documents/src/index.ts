/**
 * The documents people write: YAML (or JSON) that says what should be. Schemas of every kind, reading with line and
 * column for everything that is wrong, references and the order in which documents can be applied, and writing them
 * back in a stable form. Used by the gateway and, without any server, by the command line.
 */
export * from './kinds.schema.js';
export * from './parse-documents.js';
export * from './references.js';
export * from './render-documents.js';
export { nearestWord } from './nearest-word.js';
export { isHostIn } from './fields.schema.js';
export { pointerOf, type Position } from './positions.js';
