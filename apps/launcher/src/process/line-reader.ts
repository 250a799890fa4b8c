import type { Readable } from 'node:stream';

/** A child that never ends its line must not fill our memory. */
const LINE_LENGTH_MAX = 64 * 1024;

/** Calls `take` for every line of a stream, the unfinished last one included. */
export function readLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH_MAX) {
      lines.push(rest);
      rest = '';
    }
    for (const line of lines) if (line.trim() !== '') take(line.replace(/\r$/, ''));
  });
  stream.on('end', () => {
    if (rest.trim() !== '') take(rest);
  });
}
