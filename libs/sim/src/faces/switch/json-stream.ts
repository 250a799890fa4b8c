/** Cuts a byte stream of JSON objects, with or without white space between them, into texts of one object each. */
export class JsonStream {
  private pending = '';
  private scanned = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  constructor(private readonly maxChars = 8 * 1024 * 1024) {}

  /** The objects completed by this chunk. Throws when the stream is no sequence of objects, or one is too long. */
  push(chunk: string): string[] {
    this.pending += chunk;
    const complete: string[] = [];
    for (; this.scanned < this.pending.length; this.scanned++) {
      if (!this.step(this.pending[this.scanned] as string)) continue;
      complete.push(this.pending.slice(0, this.scanned + 1).trim());
      this.pending = this.pending.slice(this.scanned + 1);
      this.scanned = -1;
    }
    if (this.pending.length > this.maxChars) throw new RangeError('the message is too long');
    return complete;
  }

  /** Takes one character; true when it ends an object. */
  private step(char: string): boolean {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (char === '\\') this.escaped = true;
      else if (char === '"') this.inString = false;
      return false;
    }
    if (char === '{' || char === '[') this.depth++;
    else if (char === '}' || char === ']') return --this.depth === 0;
    else if (this.depth === 0 && char.trim() !== '') throw new SyntaxError('expected an object');
    else if (char === '"') this.inString = true;
    return false;
  }
}
