import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@rackwright/kernel';
import type { HardwareEvent, JsonValue, World, WorldState } from '../world/index.js';

const SNAPSHOT = 'world.json';
const LOG = 'world.log';
/** The log is folded into a new snapshot when it has grown this big. */
const LOG_MAX_BYTES = 8 * 1024 * 1024;
const RECORD_MAPS = ['servers', 'switches', 'fabrics', 'arrays', 'pdus', 'feeds'] as const;

/** One line of the log: the records an event changed, whole, and the counters of the world. */
interface LogLine {
  readonly sequence: number;
  readonly timeMs: number;
  readonly draws: number;
  readonly nextTimerId: number;
  readonly records: readonly (readonly [path: string, value: JsonValue])[];
}

/**
 * The world on disk: a snapshot and a log of what changed since. Every change is in the log before the next one
 * happens (in the page cache: it survives a kill of the process, not of the machine), so the simulator can die and come
 * back without a power cut. Time stands still in between.
 */
export class WorldStore {
  private file: number | undefined;
  private bytes = 0;
  private readonly last = new Map<string, string>();
  private stopObserving: (() => void) | undefined;

  constructor(
    private readonly directory: string,
    /** Told about every event, as one line of `events.log`, for people. */
    private readonly keepEvents = false,
  ) {
    mkdirSync(directory, { recursive: true });
  }

  /** The world as it was left; undefined at the first start. Throws `sim.world-of-other-site` when it is not this site's. */
  load(site: string): WorldState | undefined {
    const path = join(this.directory, SNAPSHOT);
    if (!existsSync(path)) return undefined;
    const state = JSON.parse(readFileSync(path, 'utf8')) as WorldState;
    if (state.site !== site) {
      throw new AppError('sim.world-of-other-site', `${this.directory} holds site ${state.site}, not ${site}`);
    }
    const log = join(this.directory, LOG);
    if (existsSync(log)) for (const line of completeLines(readFileSync(log, 'utf8'))) applyLine(state, line);
    return state;
  }

  /** Writes a snapshot and follows the world from now on. */
  follow(world: World): void {
    this.snapshot(world.state);
    this.stopObserving = world.observe((event) => this.onEvent(world, event));
  }

  /** Writes the last state and lets go of the files. */
  close(world: World): void {
    this.stopObserving?.();
    if (this.file !== undefined) {
      this.snapshot(world.state);
      closeSync(this.file);
    }
    this.file = undefined;
  }

  private onEvent(world: World, event: HardwareEvent): void {
    if (this.keepEvents) appendFileSync(join(this.directory, 'events.log'), `${JSON.stringify(event)}\n`);
    // A write changes nothing but counters: it travels with the next real change or snapshot.
    if (event.kind === 'write') return;
    const { sequence, timeMs, draws, nextTimerId } = world.state;
    const line: LogLine = { sequence, timeMs, draws, nextTimerId, records: this.changed(world.state) };
    const text = `${JSON.stringify(line)}\n`;
    if (this.file !== undefined) this.bytes += writeSync(this.file, text);
    if (this.bytes > LOG_MAX_BYTES) this.snapshot(world.state);
  }

  private changed(state: WorldState): LogLine['records'] {
    const records: (readonly [string, JsonValue])[] = [];
    for (const [path, value] of recordsOf(state)) {
      const text = JSON.stringify(value);
      if (this.last.get(path) === text) continue;
      this.last.set(path, text);
      records.push([path, value as JsonValue]);
    }
    return records;
  }

  private snapshot(state: WorldState): void {
    const path = join(this.directory, SNAPSHOT);
    writeFileSync(`${path}.new`, JSON.stringify(state));
    renameSync(`${path}.new`, path);
    if (this.file !== undefined) closeSync(this.file);
    this.file = openSync(join(this.directory, LOG), 'w');
    this.bytes = 0;
    this.changed(state);
  }
}

function recordsOf(state: WorldState): readonly (readonly [string, unknown])[] {
  const records = RECORD_MAPS.flatMap((map) =>
    Object.entries(state[map]).map(([name, value]) => [`${map}/${name}`, value] as const),
  );
  return [...records, ['cables', state.cables], ['timers', state.timers]];
}

function completeLines(text: string): readonly LogLine[] {
  // The last line may be half a line when the machine died while it was written.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}

/** A line older than the snapshot is there when the kill came between snapshot and the new log; its records are older too. */
function applyLine(state: WorldState, line: LogLine): void {
  if (line.sequence < state.sequence) return;
  const { sequence, timeMs, draws, nextTimerId } = line;
  Object.assign(state, { sequence, timeMs, draws, nextTimerId });
  for (const [path, value] of line.records) {
    const [map = '', ...rest] = path.split('/');
    const records = (state as unknown as Record<string, Record<string, JsonValue> | undefined>)[map];
    if (rest.length === 0 || !records) Object.assign(state, { [map]: value });
    else records[rest.join('/')] = value;
  }
}
