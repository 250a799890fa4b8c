/** Colours by meaning. Without colour every function gives the text back. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const same = (text: string): string => text;
const sgr =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;

export const PLAIN: Style = { good: same, bad: same, warn: same, strong: same, faint: same };
export const COLOURED: Style = { good: sgr(32), bad: sgr(31), warn: sgr(33), strong: sgr(1), faint: sgr(2) };

/** The colour of a state word, whoever's state it is. */
export function stateStyle(style: Style, state: string): (text: string) => string {
  if (/^(done|available|ready|on|open|true|assigned)$/.test(state)) return style.good;
  if (/^(stuck|failed|refused|quarantined|blocked|false|error)$/.test(state)) return style.bad;
  if (/^(retrying|undone|going-back|waiting-for-device|maintenance|unknown|draft|expired)$/.test(state))
    return style.warn;
  return same;
}

/**
 * Text safe to print: names and notes come from devices, and a device must not steer the operator's terminal. Control
 * characters, line ends included, become spaces or `?`; direction overrides too.
 */
export function plain(value: unknown): string {
  const text =
    value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return (
    text
      .replace(/[\r\n\t]+/g, ' ')
      // The ranges are the point of the expression: C0, DEL, C1 and the bidirectional controls.
      .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?')
  );
}
