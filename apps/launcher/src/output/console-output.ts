import type { Clock } from '@rackwright/kernel';
import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessState, SupervisorListener } from '../supervisor/process-spec.js';
import { isAtLeast, renderLine, type LevelName } from './log-lines.js';

const KEPT_BYTES_MAX = 20 * 1024 * 1024;
const RECENT_LINES = 12;

export interface ConsoleOptions {
  readonly clock: Clock;
  readonly logFolder: string;
  readonly quiet: boolean;
  readonly write: (text: string) => void;
  readonly colour: boolean;
}

/** Shows what the children say, readable, and keeps all of it in one file each. */
export class ConsoleOutput implements SupervisorListener {
  private readonly recent = new Map<string, string[]>();
  private readonly writtenBytes = new Map<string, number>();

  constructor(private readonly options: ConsoleOptions) {}

  line(name: string, line: string): void {
    this.keep(name, line);
    // The servers underneath are furniture: only what they complain about is shown.
    const furniture = name === 'postgres' || name === 'nats';
    this.show(name, line, this.options.quiet || furniture ? 'warn' : 'info');
  }

  state(name: string, state: ProcessState, detail: string): void {
    if (state === 'ready') this.say('info', `${name} is ready`);
    if (state === 'waiting') this.say('warn', `${name} ended (${detail})`);
  }

  /** A line of the launcher itself. */
  say(level: LevelName, message: string): void {
    const numbers = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
    this.show(
      'launcher',
      JSON.stringify({ level: numbers[level], msg: message }),
      this.options.quiet ? 'warn' : 'info',
    );
  }

  /** The last lines of a child, for explaining why it did not come up. */
  recentLines(name: string): readonly string[] {
    return this.recent.get(name) ?? [];
  }

  private show(name: string, line: string, least: LevelName): void {
    const { clock, colour, write } = this.options;
    const rendered = renderLine(name, line, { now: clock.now(), colour });
    const lines = this.recent.get(name) ?? [];
    this.recent.set(name, [...lines.slice(1 - RECENT_LINES), rendered.text]);
    if (isAtLeast(rendered.level, least)) write(`${rendered.text}\n`);
  }

  private keep(name: string, line: string): void {
    const file = join(this.options.logFolder, `${name}.log`);
    const before = this.writtenBytes.get(name) ?? (existsSync(file) ? statSync(file).size : 0);
    const full = before > KEPT_BYTES_MAX;
    if (full) renameSync(file, `${file}.1`);
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
    this.writtenBytes.set(name, (full ? 0 : before) + line.length + 1);
  }
}
