import { power, type DataOf } from '@rackwright/contracts';
import type { DeviceStore } from '@rackwright/device-registry';
import { OPEN_GATE, type DeviceCall, type Observed, type PowerReading } from '@rackwright/driver-core';
import { messageOf, type Clock, type Timer } from '@rackwright/kernel';
import type { EventBus, EventRequest } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';
import pLimit from 'p-limit';
import { BMC, type BmcDrivers } from '../bmc/bmc-drivers.js';
import type { Bmc, BmcStore } from '../bmc/bmc.store.js';
import type { ServerConnection } from '../bmc/server-connection.js';
import type { Discovery } from '../discovery/discovery.js';

type Reading = DataOf<typeof power.powerRead>['readings'][number];

const AT_ONCE = 32;
const READ_TIMEOUT_MS = 15_000;
/** Everything is told again this often, changed or not: what inventory shows must have an age. */
const TELL_ALL_EVERY_MS = 300_000;
const FACTS_EVERY_MS = 3_600_000;
/** Readings in one event, to stay far below the size of a message. */
const READINGS_PER_EVENT = 200;
/** Draw changes all the time; only what a person would call another draw is news. */
const WATTS_THAT_MATTER = 25;

export interface PowerPollerParts {
  readonly devices: DeviceStore;
  readonly bmcs: BmcStore;
  readonly drivers: BmcDrivers;
  readonly discovery: Discovery;
  readonly database: Database;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly onError: (error: unknown, what: string) => void;
}

/** Reads the power of every server again and again, gently, and tells what changed in one event per round. */
export class PowerPoller {
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private stopped = true;
  private toldAllAtMs = -Infinity;
  private readonly told = new Map<string, Reading>();
  /** BMCs that have no power meter; asked again after a restart. */
  private readonly meterless = new Set<string>();

  constructor(private readonly parts: PowerPollerParts) {}

  start(): void {
    this.stopped = false;
    this.schedule(Math.min(1_000, this.parts.everyMs));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
    await this.parts.drivers.close();
  }

  private schedule(afterMs: number): void {
    if (this.stopped) return;
    this.timer = this.parts.clock.setTimer(afterMs, () => {
      this.running = this.round()
        .catch((error: unknown) => this.parts.onError(error, 'reading the power of all servers'))
        .finally(() => this.schedule(this.parts.everyMs));
    });
  }

  private async round(): Promise<void> {
    const limit = pLimit(AT_ONCE);
    const bmcs = await this.parts.bmcs.list();
    const readings = await Promise.all(bmcs.map((bmc) => limit(() => this.visit(bmc))));
    await this.tell(readings.flatMap((reading) => reading ?? []));
  }

  private async visit(bmc: Bmc): Promise<Reading | undefined> {
    if (this.stopped) return undefined;
    const nowMs = this.parts.clock.now().getTime();
    const isOld = bmc.facts_at === null || nowMs - bmc.facts_at.getTime() > FACTS_EVERY_MS;
    if (isOld || bmc.registration_state === 'none') await this.parts.discovery.discover(bmc.name);
    if (bmc.board_serial === null && bmc.server_id === null) return undefined;
    try {
      return await this.read(bmc);
    } catch (error) {
      await this.parts.devices.recordReading(BMC, bmc.name, { problem: messageOf(error) }).catch(() => undefined);
      return undefined;
    }
  }

  private async read(bmc: Bmc): Promise<Reading | undefined> {
    const { devices, drivers } = this.parts;
    const connection = await drivers.get(bmc.name, bmc.board_serial ?? undefined);
    const result = await connection.power.readPower(this.call());
    if (result.kind !== 'done') {
      await devices.recordReading(BMC, bmc.name, { problem: result.message });
      return undefined;
    }
    const reading = readingOf(result.observed, await this.wattsOf(bmc.name, connection));
    await devices.recordReading(BMC, bmc.name, { reading });
    return bmc.server_id === null ? undefined : { serverId: bmc.server_id, ...reading };
  }

  private async wattsOf(name: string, { meter }: ServerConnection): Promise<number | undefined> {
    if (!meter || this.meterless.has(name)) return undefined;
    const draw = await meter.readPowerDraw(this.call());
    if (draw.kind === 'refused') this.meterless.add(name);
    return draw.kind === 'done' ? draw.observed.value.watts : undefined;
  }

  private call(): DeviceCall {
    const { clock } = this.parts;
    return { clock, gate: OPEN_GATE, deadline: new Date(clock.now().getTime() + READ_TIMEOUT_MS) };
  }

  private async tell(readings: readonly Reading[]): Promise<void> {
    const { clock, database, events } = this.parts;
    const isTimeForAll = clock.monotonicMs() - this.toldAllAtMs > TELL_ALL_EVERY_MS;
    const news = isTimeForAll
      ? readings
      : readings.filter((reading) => isNews(this.told.get(reading.serverId), reading));
    if (news.length === 0) return;
    const requests: EventRequest[] = [];
    for (let start = 0; start < news.length; start += READINGS_PER_EVENT)
      requests.push({ event: power.powerRead, data: { readings: news.slice(start, start + READINGS_PER_EVENT) } });
    await database.transaction((tx) => events.emitMany(tx, requests));
    for (const reading of news) this.told.set(reading.serverId, reading);
    if (isTimeForAll) this.toldAllAtMs = clock.monotonicMs();
  }
}

function readingOf(observed: Observed<PowerReading>, watts?: number): Omit<Reading, 'serverId'> {
  const { value, at, source } = observed;
  return {
    state: value.state,
    raw: value.raw,
    at: at.toISOString(),
    source,
    ...(watts !== undefined && { watts }),
  };
}

function isNews(before: Reading | undefined, now: Reading): boolean {
  if (!before || before.state !== now.state || before.raw !== now.raw) return true;
  return Math.abs((before.watts ?? 0) - (now.watts ?? 0)) >= WATTS_THAT_MATTER;
}
