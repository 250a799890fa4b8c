import type { Clock } from '@rackwright/kernel';

const MINUTE_MS = 60_000;

/** Prints what happens under the hours of the day: an act begins at its hour, and simulated time goes on from there. */
export class Timeline {
  private hourMs = 0;
  private actBeganMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly scale: number,
    private readonly write: (text: string) => void,
  ) {
    this.actBeganMs = clock.monotonicMs();
  }

  /** A new act: `12:00`. */
  act(hour: string, text: string): void {
    const [hours = 0, minutes = 0] = hour.split(':').map(Number);
    this.hourMs = (hours * 60 + minutes) * MINUTE_MS;
    this.actBeganMs = this.clock.monotonicMs();
    this.write(`\n${hour}  ${text}\n`);
  }

  /** Something that happened now. */
  say(text: string): void {
    this.write(`${this.now()}    ${text}\n`);
  }

  /** Simulated duration of something that took this long really. */
  simulated(realMs: number): string {
    const seconds = Math.round((realMs * this.scale) / 1000);
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  }

  private now(): string {
    const elapsedMs = (this.clock.monotonicMs() - this.actBeganMs) * this.scale;
    const minutes = Math.floor((this.hourMs + elapsedMs) / MINUTE_MS);
    return `${String(Math.floor(minutes / 60) % 24).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  }
}

/** A table in plain text: columns as wide as they need. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}
