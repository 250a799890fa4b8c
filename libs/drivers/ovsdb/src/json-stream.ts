import { MAX_JSON_DEPTH } from '@rackwright/driver-core';

/** Largest single message a switch may send: a full table of a few thousand ports is well below. */
export const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

export class JsonStreamError extends Error {}

/**
 * Cuts a stream of JSON objects that follow one another without separators (RFC 7047 section 4) into texts. Counts
 * braces outside strings; refuses messages that are too long, too deep or do not begin with a brace.
 */
export class JsonStream {
  private text = '';
  private scanned = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  constructor(private readonly maxLength = MAX_MESSAGE_BYTES) {}

  /** Takes what arrived; returns the complete messages. Throws {@link JsonStreamError}: the connection is of no use then. */
  push(chunk: string): string[] {
    this.text += chunk;
    const messages: string[] = [];
    let start = 0;
    for (; this.scanned < this.text.length; this.scanned++) {
      const before = this.depth;
      this.step(this.text[this.scanned] as string);
      if (before === 0 && this.depth === 1) start = this.scanned;
      if (before === 1 && this.depth === 0) {
        messages.push(this.text.slice(start, this.scanned + 1));
        start = this.scanned + 1;
      }
    }
    this.text = this.text.slice(start);
    this.scanned = this.text.length;
    if (this.text.length > this.maxLength) throw new JsonStreamError('a message is too long');
    return messages;
  }

  private step(character: string): void {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (character === '\\') this.escaped = true;
      else if (character === '"') this.inString = false;
      return;
    }
    if (this.depth === 0 && character !== '{' && !/\s/.test(character)) throw new JsonStreamError('not a JSON object');
    if (character === '"') this.inString = true;
    else if (character === '{' || character === '[') this.depth += 1;
    else if (character === '}' || character === ']') this.depth -= 1;
    if (this.depth > MAX_JSON_DEPTH) throw new JsonStreamError('a message nests too deep');
  }
}
