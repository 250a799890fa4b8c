/**
 * The order of a move as the devices themselves recorded it: the chassis its power commands, OVSDB its transactions,
 * and the array asked over and over who is logged in and who is admitted. Nothing here is the word of Rackwright.
 */
import { SystemClock } from '@rackwright/kernel';
import { chassisRecord } from './bmc.js';
import type { ArrayState } from './iscsi-array.js';
import type { Machine } from './machine.js';
import type { Rack } from './rack.js';

const clock = new SystemClock();
const LOOK_EVERY_MS = 100;

export interface Happening {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly what: string;
}

export interface MoveRecord {
  /** Oldest first. */
  readonly happenings: readonly Happening[];
  /** Every different mask the array showed meanwhile, each as the names it admitted. */
  readonly masks: readonly string[];
  /** How often the array was looked at. */
  readonly looks: number;
  /** Sessions that did not end by themselves, by the array's own log. */
  readonly sessionsEnded: number;
}

/** Looks on from `begin` to `stop`. */
export class Witness {
  private readonly sinceMs = clock.now().getTime();
  private readonly masks = new Set<string>();
  private readonly sessions: Happening[] = [];
  private looks = 0;
  private over = false;
  private readonly looking: Promise<void>;

  private constructor(
    private readonly rack: Rack,
    private readonly endedBefore: number,
  ) {
    this.looking = this.look();
    // Told by `record`.
    this.looking.catch(() => undefined);
  }

  static begin(rack: Rack): Witness {
    return new Witness(rack, rack.array.sessionsEnded());
  }

  /** Stops looking. Never throws. */
  async stop(): Promise<void> {
    this.over = true;
    await this.looking.catch(() => undefined);
  }

  /** What was seen, after `stop`. Throws what ended the looking too early. */
  async record(): Promise<MoveRecord> {
    await this.looking;
    const { rack, looks, masks } = this;
    const recorded = [...powerOf(rack.a), ...powerOf(rack.b), ...(await rack.ovs.portChanges()), ...this.sessions];
    const happenings = recorded.filter(({ atMs }) => atMs >= this.sinceMs).sort((x, y) => x.atMs - y.atMs);
    return { happenings, masks: [...masks], looks, sessionsEnded: rack.array.sessionsEnded() - this.endedBefore };
  }

  private async look(): Promise<void> {
    let before: ArrayState | undefined;
    while (!this.over) {
      const now = await this.rack.array.show();
      this.looks += 1;
      this.masks.add(now.admitted.join(' '));
      // Told after the answer: the session had ended by then.
      if (before !== undefined && before.sessions.length > 0 && now.sessions.length === 0) {
        this.sessions.push({ atMs: clock.now().getTime(), what: NO_SESSION });
      }
      before = now;
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
}

export const NO_SESSION = 'no session on the array';
export const powerOff = (machine: Machine): string => `${machine.facts.name} power off`;
export const powerOn = (machine: Machine): string => `${machine.facts.name} power on`;
export const portsClosed = (machine: Machine): string[] => machine.ports.map((port) => `${port} closed`);
export const portsOpen = (machine: Machine): string[] => machine.ports.map((port) => `${port} open`);

function powerOf(machine: Machine): Happening[] {
  const names: Readonly<Record<string, string>> = { 'power 0': powerOff(machine), 'power 1': powerOn(machine) };
  return chassisRecord(machine.folder).flatMap(({ atMs, command }) => {
    const what = names[command];
    return what === undefined ? [] : [{ atMs, what }];
  });
}

/**
 * What is missing or out of order: every happening of a group lies after all those of the group before it. Empty when
 * all is well.
 */
export function outOfOrder(happenings: readonly Happening[], groups: readonly (readonly string[])[]): string[] {
  const timesOf = (what: string): number[] =>
    happenings.filter((happening) => happening.what === what).map(({ atMs }) => atMs);
  const missing = groups.flat().filter((what) => timesOf(what).length === 0);
  const late = groups
    .slice(1)
    .flatMap((group, index) =>
      group.flatMap((what) =>
        (groups[index] ?? [])
          .filter((earlier) => Math.max(...timesOf(earlier)) >= Math.min(...timesOf(what)))
          .map((earlier) => `${what} before ${earlier}`),
      ),
    );
  return [...missing.map((what) => `never: ${what}`), ...late];
}

/** For whoever reads the figures: `+0.0 a power off, +1.2 a-data closed`. */
export function timeline(happenings: readonly Happening[]): string {
  const startMs = happenings[0]?.atMs ?? 0;
  return happenings.map(({ atMs, what }) => `+${((atMs - startMs) / 1000).toFixed(1)} ${what}`).join(', ');
}
