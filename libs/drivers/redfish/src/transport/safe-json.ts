/** Deeper than any Redfish resource (schemas stay under 15); a parser bomb is thousands deep. */
export const JSON_DEPTH_MAX = 64;

export type JsonObject = Readonly<Record<string, unknown>>;

/** True when brackets nest deeper than `max`, counted without parsing: brackets inside strings do not count. */
export function nestsDeeperThan(text: string, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (inString) {
      if (char === 0x5c) index++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > max) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}

/** Reads a JSON object from what a device sent; undefined for anything else (HTML, nothing, half a document, a bomb). */
export function parseJsonObject(text: string): JsonObject | undefined {
  const trimmed = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (nestsDeeperThan(trimmed, JSON_DEPTH_MAX)) return undefined;
  try {
    const value: unknown = JSON.parse(trimmed);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
