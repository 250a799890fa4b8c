import { endCall } from '../call-ending.js';

/** Deepest nesting that any device we speak to has a reason to send. */
export const MAX_JSON_DEPTH = 64;

/** True when `text` nests arrays or objects deeper than `maxDepth`; strings are skipped, nothing is built. */
export function nestsDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') {
      if (++depth > maxDepth) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}

/** Parses JSON that a device sent; undefined when it is none or nests too deep. */
export function tryParseDeviceJson(text: string, maxDepth = MAX_JSON_DEPTH): unknown {
  if (nestsDeeperThan(text, maxDepth)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** As {@link tryParseDeviceJson}; ends the call as `unknown` (`unparseable`). */
export function parseDeviceJson(text: string, source: string): unknown {
  const value = tryParseDeviceJson(text);
  if (value === undefined) {
    endCall({ kind: 'unknown', why: 'unparseable', message: `${source} did not answer with usable JSON` });
  }
  return value;
}
