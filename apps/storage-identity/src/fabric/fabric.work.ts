import { storageIdentity as storage, type Evidence } from '@rackwright/contracts';
import type { DeviceStore, DriverPool } from '@rackwright/device-registry';
import {
  again,
  fact,
  finishedRefused,
  finishedWith,
  partOf,
  type DeviceOperation,
  type EndedCalls,
  type LaneContext,
  type LaneHandler,
  type Turn,
} from '@rackwright/device-work';
import type {
  DeviceConnection,
  FabricReading,
  Observed,
  SanPortStatePort,
  Zone,
  ZoningPort,
} from '@rackwright/driver-core';
import { messageOf } from '@rackwright/kernel';
import type { EventBus } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';
import type { ArrayReader } from '../array/array.reader.js';
import type { InitiatorRepository } from '../initiator/initiator.repository.js';
import { FABRIC } from './fabric.service.js';
import { FabricChecks } from './fabric-checks.js';
import { SanPortTurns } from './san-port-turns.js';
import { arraysOf, mergeWishes, zoneDifference, zonesFor } from './zone.policy.js';
import type { ZoneStore } from './zone.store.js';

export type FabricDriver = ZoningPort & SanPortStatePort & DeviceConnection;

export const FABRIC_TIMEOUT_MS = 30_000;

/** What one operation asks of the merged transaction. */
interface ZoneWish {
  readonly operation: DeviceOperation;
  readonly profileId: string;
  readonly ensure: readonly Zone[];
  readonly remove: readonly string[];
}

export interface FabricWorkParts {
  readonly store: DeviceStore;
  readonly drivers: DriverPool<FabricDriver>;
  readonly initiators: InitiatorRepository;
  readonly zones: ZoneStore;
  readonly arrays: ArrayReader;
  readonly database: Database;
  readonly events: EventBus;
}

/**
 * Work on one fabric. Whatever zone changes are due become one fabric transaction; ports, checks and logins follow one
 * by one. Zones that are not ours are never named.
 */
export class FabricWork implements LaneHandler {
  readonly prefix = FABRIC;
  private readonly checks: FabricChecks;
  private readonly ports = new SanPortTurns();

  constructor(private readonly parts: FabricWorkParts) {
    this.checks = new FabricChecks(parts.zones);
  }

  /** Logging out voids what a former worker still had under way with the session. */
  async endCalls(lane: string): Promise<EndedCalls> {
    await this.parts.drivers.drop(lane.slice(FABRIC.length + 1));
    return 'revoked';
  }

  async work(operations: readonly DeviceOperation[], context: LaneContext): Promise<ReadonlyMap<string, Turn>> {
    const fabric = (operations[0]?.lane ?? '').slice(FABRIC.length + 1);
    if (!(await this.parts.store.get(FABRIC, fabric))) {
      return new Map(
        operations.map((operation) => [
          operation.id,
          finishedRefused('unknown-device', `there is no fabric ${fabric}`),
        ]),
      );
    }
    const driver = await this.parts.drivers.get(fabric);
    const turns = new Map<string, Turn>();
    const zoning = operations.filter(({ kind }) => kind === 'ensure-zones' || kind === 'remove-zones');
    if (zoning.length > 0) await this.changeZones({ fabric, driver, operations: zoning, context, turns });
    for (const operation of operations) {
      if (turns.has(operation.id)) continue;
      const call = context.call([operation], FABRIC_TIMEOUT_MS);
      turns.set(
        operation.id,
        operation.kind.endsWith('-san-ports')
          ? await this.ports.run(operation, fabric, driver, call)
          : await this.checks.run(operation, fabric, driver, call),
      );
    }
    return turns;
  }

  private async changeZones(job: ZoneJob): Promise<void> {
    const wishes = await this.wishesOf(job);
    if (wishes.length === 0) return;
    const change = mergeWishes(wishes);
    const call = job.context.call(
      wishes.map((wish) => wish.operation),
      FABRIC_TIMEOUT_MS,
    );
    // The truth first: from now on these zones are ours to have, whatever becomes of the call.
    for (const wish of wishes)
      if (wish.ensure.length > 0) await this.parts.zones.record(wish.profileId, job.fabric, wish.ensure);
    const result = await job.driver.ensureZones(change, call);
    const part = partOf(result);
    if ('turn' in part) {
      for (const wish of wishes) job.turns.set(wish.operation.id, part.turn);
      return;
    }
    const changed = result.kind === 'done' && result.changed;
    for (const wish of wishes) job.turns.set(wish.operation.id, zoneTurn(wish, part.value, changed));
    await this.parts.zones.forget(job.fabric, change.remove);
    if (changed) await this.tell(job.fabric, wishes, change);
  }

  /** What each operation wants; one that cannot be wanted yet gets its turn here and is left out of the transaction. */
  private async wishesOf(job: ZoneJob): Promise<ZoneWish[]> {
    const wishes: ZoneWish[] = [];
    const logins = partOf(await job.driver.logins(job.context.call(job.operations, FABRIC_TIMEOUT_MS)));
    for (const operation of job.operations) {
      const { profileId } = operation.input as { profileId: string };
      const made = (await this.parts.zones.of(profileId, job.fabric)).map((zone) => zone.name);
      if (operation.kind === 'remove-zones') {
        wishes.push({ operation, profileId, ensure: [], remove: made });
        continue;
      }
      if ('turn' in logins) {
        job.turns.set(operation.id, logins.turn);
        continue;
      }
      const initiators = await this.parts.initiators.find(this.parts.database, profileId);
      if (!initiators) {
        job.turns.set(operation.id, finishedRefused('unknown-profile', `nothing is reserved for ${profileId}`));
        continue;
      }
      try {
        const targets = await this.parts.arrays.targets(arraysOf(initiators));
        const { zones, missing } = zonesFor(initiators, { fabric: job.fabric, logins: logins.value.value, targets });
        const wanted = new Set(zones.map((zone) => zone.name));
        if (missing.length > 0)
          job.turns.set(
            operation.id,
            again(1_000, `no target port of ${missing.join(', ')} is logged into fabric ${job.fabric}`),
          );
        else wishes.push({ operation, profileId, ensure: zones, remove: made.filter((name) => !wanted.has(name)) });
      } catch (error) {
        job.turns.set(operation.id, again(1_000, messageOf(error)));
      }
    }
    return wishes;
  }

  private async tell(
    fabric: string,
    wishes: readonly ZoneWish[],
    change: { ensure: readonly Zone[]; remove: readonly string[] },
  ): Promise<void> {
    await this.parts.database.transaction(async (tx) => {
      await this.parts.events.emit(tx, storage.fabricChanged, {
        fabric,
        zonesAdded: change.ensure.map((zone) => zone.name),
        zonesRemoved: [...change.remove],
        profiles: wishes.map((wish) => wish.profileId),
      });
    });
  }
}

interface ZoneJob {
  readonly fabric: string;
  readonly driver: FabricDriver;
  readonly operations: readonly DeviceOperation[];
  readonly context: LaneContext;
  readonly turns: Map<string, Turn>;
}

/** Compared once more with what the fabric enforces now: a commit that answered well is not yet a zone. */
function zoneTurn(wish: ZoneWish, observed: Observed<FabricReading>, changed: boolean): Turn {
  const difference = zoneDifference(observed.value.enabledZones, wish.ensure);
  if (difference !== undefined) return again(500, difference);
  const left = observed.value.enabledZones.find((zone) => wish.remove.includes(zone.name));
  if (left) return again(500, `zone ${left.name} is still enforced`);
  const evidence: Evidence[] = [
    ...wish.ensure.map((zone) =>
      fact(observed, { fact: 'zone-present', subject: zone.name, value: zone.members.join(' ') }),
    ),
    ...wish.remove.map((name) =>
      fact(observed, { fact: 'zone-absent', subject: name, value: `checksum ${observed.value.checksum}` }),
    ),
  ];
  return finishedWith({ changed, evidence });
}
