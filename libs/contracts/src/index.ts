/**
 * What the services say to each other. Every command, query and event is declared once, as a value with Zod schemas;
 * its subject, JSON Schema, TypeScript type, documentation and tests derive from that value. Imports the kernel only.
 */
export * from './define.js';
export * from './subjects.js';
