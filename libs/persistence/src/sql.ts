import { AppError } from '@rackwright/kernel';

/** `name` as a quoted SQL identifier. Refuses what PostgreSQL would cut off or cannot hold (63 bytes, NUL). */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 63) {
    throw new AppError('persistence.invalid-name', `"${name}" cannot be a name in PostgreSQL (1 to 63 bytes)`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `text` as a quoted SQL literal, for the statements that take no parameters (CREATE ROLE, ALTER ROLE). */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
