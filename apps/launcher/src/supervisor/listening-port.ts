/**
 * The port in a log line of a process that has just opened one: a JSON line `{ event: 'listening', port }`.
 * Undefined for every other line; nothing is read out of message texts.
 */
export function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{') || !line.includes('"port"')) return undefined;
  try {
    const entry = JSON.parse(line) as { event?: unknown; port?: unknown };
    if (entry.event !== 'listening') return undefined;
    const { port } = entry;
    return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}
