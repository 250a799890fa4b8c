/**
 * The port in a log line of a process that has just opened one: a JSON line with `listening: { port }` or `port`.
 * Undefined for every other line; nothing is read out of message texts.
 */
export function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{') || !line.includes('"port"')) return undefined;
  try {
    const entry = JSON.parse(line) as { port?: unknown; listening?: { port?: unknown } };
    const port = entry.listening?.port ?? entry.port;
    return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}
