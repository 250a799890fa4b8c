/** What was written, made readable for a person at a terminal: `12:00:01 power    info  powered on  server=srv_1`. */
export interface RenderedLine {
  readonly level: LevelName;
  readonly text: string;
}

const LEVELS = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' } as const;
export type LevelName = (typeof LEVELS)[keyof typeof LEVELS];
const ORDER: readonly LevelName[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const COLOURS: Partial<Record<LevelName, number>> = { warn: 33, error: 31, fatal: 31 };
const NAME_WIDTH = 16;
const OWN_FIELDS = new Set([
  'level',
  'time',
  'msg',
  'service',
  'pid',
  'hostname',
  'name',
  'err',
  'stack',
  'trace_flags',
]);
const FIELD_LENGTH_MAX = 120;

/** True when `level` is at least as grave as `least`. */
export function isAtLeast(level: LevelName, least: LevelName): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf(least);
}

export interface RenderOptions {
  readonly now: Date;
  readonly colour: boolean;
}

/** Renders one line of a child's output: pino JSON by its fields, anything else as it is. */
export function renderLine(name: string, line: string, options: RenderOptions): RenderedLine {
  const entry = parseEntry(line);
  const level = LEVELS[entry?.['level'] as keyof typeof LEVELS] ?? plainLevel(line);
  const at = typeof entry?.['time'] === 'number' ? new Date(entry['time']) : options.now;
  const message = entry === undefined ? line : [entry['msg'], ...fields(entry)].filter(Boolean).join('  ');
  const time = at.toTimeString().slice(0, 8);
  const head = `${time} ${name.padEnd(NAME_WIDTH)} ${level.padEnd(5)}`;
  const colour = COLOURS[level];
  const text = `${head} ${message}`;
  return { level, text: options.colour && colour !== undefined ? `\u001b[${colour}m${text}\u001b[0m` : text };
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Levels of lines in the formats of PostgreSQL and nats-server; everything else from a program is information. */
function plainLevel(line: string): LevelName {
  if (/\b(FATAL|PANIC):|\[FTL\]/.test(line)) return 'fatal';
  if (/\bERROR:|\[ERR\]/.test(line)) return 'error';
  if (/\bWARNING:|\[WRN\]/.test(line)) return 'warn';
  return 'info';
}

function fields(entry: Record<string, unknown>): string[] {
  const error = entry['err'] as { message?: string } | undefined;
  const shown = Object.entries(entry)
    .filter(([key]) => !OWN_FIELDS.has(key))
    .map(([key, value]) => `${key}=${shorten(typeof value === 'string' ? value : JSON.stringify(value))}`);
  return error?.message === undefined ? shown : [...shown, `error: ${error.message}`];
}

function shorten(text: string | undefined): string {
  if (text === undefined) return '';
  return text.length > FIELD_LENGTH_MAX ? `${text.slice(0, FIELD_LENGTH_MAX)}…` : text;
}
