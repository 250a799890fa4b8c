import { isSettled, type Profile, type RackwrightClient, type Run, type Server } from '@rackwright/client';
import { AppError, type Clock } from '@rackwright/kernel';
import type { ArrayState, WriterLifetime } from '@rackwright/sim';
import type { AccessMutations, SimulatedWorld } from '../e2e/instance/simulated-world.js';
import type { Timeline } from './timeline.js';

export const MAIL = ['mail-1', 'mail-2', 'mail-3'] as const;
export const TRANSACTIONS = ['tx-1', 'tx-2', 'tx-3'] as const;

export interface DayParts {
  readonly client: RackwrightClient;
  readonly world: SimulatedWorld;
  readonly clock: Clock;
  readonly timeline: Timeline;
}

/** What the day leaves behind to be checked. */
export interface DayRecord {
  /** Profiles as the API showed them in the morning and in the evening. */
  readonly morning: ReadonlyMap<string, Profile>;
  readonly evening: ReadonlyMap<string, Profile>;
  /** What the moves of the e-mail servers changed on fabrics and arrays. */
  readonly changedByMoves: AccessMutations;
  /** Boots of each profile's disk when it had first come up. */
  readonly first: ReadonlyMap<string, number>;
}

interface Order {
  readonly kind: 'associate' | 'migrate' | 'disassociate';
  readonly profile: string;
  readonly server?: string;
}

const RUN_WITHIN_MS = 180_000;
const DISCOVERED_WITHIN_MS = 120_000;
const SYSTEMS_WITHIN_MS = 90_000;

/** Everything goes through the public API; the world is only looked at. */
export class Day {
  constructor(private readonly parts: DayParts) {}

  async run(): Promise<DayRecord> {
    const { timeline } = this.parts;
    timeline.act('07:30', 'Every server is looked at through its BMC.');
    await this.discover();

    timeline.act('08:00', 'The e-mail servers come up on the blades.');
    const blades = await this.choose('mail-1', 'blades', MAIL.length);
    await this.carryOut(MAIL.map((profile, index) => ({ kind: 'associate', profile, server: blades[index] ?? '' })));
    const morning = await this.profiles(MAIL);
    const bootsInTheMorning = await this.untilTheyWrite(morning);

    timeline.act('12:00', 'The blades are drained: e-mail goes on elsewhere, as the same servers.');
    const racks = await this.choose('mail-1', 'rack-servers', MAIL.length);
    const before = await this.parts.world.accessMutations();
    await this.carryOut(MAIL.map((profile, index) => ({ kind: 'migrate', profile, server: racks[index] ?? '' })));
    const after = await this.parts.world.accessMutations();
    const changedByMoves = { zoning: after.zoning - before.zoning, masking: after.masking - before.masking };
    await this.untilTheyWrite(await this.profiles(MAIL));
    timeline.say(`all moves: zoning changes ${changedByMoves.zoning}, masking changes ${changedByMoves.masking}`);

    timeline.act('12:30', 'Linux transaction processing comes up on the same blades.');
    const here = TRANSACTIONS.map((profile, index): Order => {
      return { kind: 'associate', profile, server: blades[index] ?? '' };
    });
    await this.carryOut(here);
    const noon = await this.profiles(TRANSACTIONS);
    const bootsAtNoon = await this.untilTheyWrite(noon);

    timeline.act('18:00', 'Two transaction servers are enough for the evening; the third blade is switched off.');
    await this.carryOut([{ kind: 'disassociate', profile: 'tx-3' }]);
    const evening = await this.profiles([...MAIL, ...TRANSACTIONS]);
    const first = new Map([...bootsInTheMorning, ...bootsAtNoon]);
    return { morning: new Map([...morning, ...noon]), evening, first, changedByMoves };
  }

  /** Waits until every declared server has been read and can be used. */
  private async discover(): Promise<void> {
    const { client, clock, timeline } = this.parts;
    const startedMs = clock.monotonicMs();
    for (;;) {
      const servers: Server[] = [];
      for await (const server of client.list<Server>('servers', { limit: 100 })) servers.push(server);
      const ready = servers.filter(({ lifecycle, factsAt }) => lifecycle === 'available' && factsAt !== undefined);
      const waitedMs = clock.monotonicMs() - startedMs;
      if (servers.length > 0 && ready.length === servers.length) {
        const models = [...new Set(ready.map(({ model }) => model ?? 'unknown'))];
        timeline.say(`${ready.length} servers known after ${(waitedMs / 1000).toFixed(1)} s: ${models.join(', ')}`);
        return;
      }
      if (waitedMs > DISCOVERED_WITHIN_MS) {
        const missing = servers.filter((server) => !ready.includes(server)).map(({ name }) => name);
        throw new AppError('demo.not-discovered', `not discovered in time: ${missing.join(', ')}`);
      }
      await clock.sleep(500);
    }
  }

  /** The best servers for a profile in a pool, in the order the placement gives. */
  private async choose(profile: string, pool: string, count: number): Promise<readonly string[]> {
    const { candidates, rejected } = await this.parts.client.placement(profile, { pool });
    const chosen = candidates.slice(0, count).map(({ server }) => server);
    if (chosen.length < count) {
      const reasons = rejected.map(
        ({ server, reasons: why }) => `${server}: ${why.map((each) => each.message).join('; ')}`,
      );
      throw new AppError('demo.no-room', `${count} servers wanted in ${pool}\n${reasons.join('\n')}`);
    }
    const refused = rejected.length === 0 ? '' : `, ${rejected.length} do not (${rejected[0]?.reasons[0]?.message})`;
    this.parts.timeline.say(
      `pool ${pool}: ${candidates.length} servers qualify${refused}; taking ${chosen.join(', ')}`,
    );
    return chosen;
  }

  /** All at once, as an operator would order a whole environment. */
  private async carryOut(orders: readonly Order[]): Promise<void> {
    await Promise.all(orders.map((order) => this.carryOutOne(order)));
  }

  private async carryOutOne(order: Order): Promise<void> {
    const { client, clock, timeline } = this.parts;
    const plan = await client.createPlan(order);
    if (plan.state !== 'ready') {
      const why = plan.blockedBy.map(({ message }) => message).join('; ');
      throw new AppError('demo.plan-blocked', `"${plan.title}" cannot run: ${why}`);
    }
    const startedMs = clock.monotonicMs();
    const { runId } = await client.runs.start(plan.id);
    const run = await client.runs.wait(runId, { timeoutMs: RUN_WITHIN_MS });
    if (!isSettled(run) || run.state !== 'done') throw new AppError('demo.run-failed', failureText(run));
    const realMs = clock.monotonicMs() - startedMs;
    const way = [plan.source, plan.target].filter((name) => name !== undefined).join(' -> ');
    const verb = { associate: 'up on', migrate: 'moved', disassociate: 'taken off' }[order.kind];
    const took = `${(realMs / 1000).toFixed(1)} s (${timeline.simulated(realMs)} there)`;
    timeline.say(`${order.profile.padEnd(7)} ${verb.padEnd(9)} ${way.padEnd(26)} ${took}`);
  }

  /**
   * A run ends when a machine has come as far as its BMC can tell, which with some is before its system is up: waits until
   * each system runs and writes to its disk. Answers how often each disk was booted from by then.
   */
  private async untilTheyWrite(profiles: ReadonlyMap<string, Profile>): Promise<Map<string, number>> {
    const { clock, timeline, world } = this.parts;
    const startedMs = clock.monotonicMs();
    for (;;) {
      const arrays = await world.arrays();
      const silent = [...profiles].filter(([name, { server }]) => bootsOf(name, arrays).at(-1)?.server !== server);
      if (silent.length === 0) {
        timeline.say(`${[...profiles.keys()].join(', ')} run and write to their disks`);
        return new Map([...profiles.keys()].map((name) => [name, bootsOf(name, arrays).length]));
      }
      if (clock.monotonicMs() - startedMs > SYSTEMS_WITHIN_MS) {
        throw new AppError('demo.silent', `no writes of ${silent.map(([name]) => name).join(', ')}`);
      }
      await clock.sleep(300);
    }
  }

  private async profiles(names: readonly string[]): Promise<Map<string, Profile>> {
    const found = await Promise.all(names.map((name) => this.parts.client.profile(name)));
    return new Map(found.map((profile) => [profile.definition.name, profile]));
  }
}

/** Which servers wrote to the profile's boot volume, oldest first, each once per boot. */
export function bootsOf(name: string, arrays: readonly ArrayState[]): readonly WriterLifetime[] {
  return arrays.flatMap((array) => array.writes[`${name}-boot`]?.lifetimes ?? []);
}

function failureText(run: Run): string {
  const steps = run.steps.filter(({ state }) => !['done', 'waiting', 'skipped'].includes(state));
  const said = steps.map(({ step, state, note }) => `  ${step}: ${state}${note === undefined ? '' : ` (${note})`}`);
  return [`"${run.title}" ended ${run.state}: ${run.reason ?? 'no reason given'}`, ...said].join('\n');
}
