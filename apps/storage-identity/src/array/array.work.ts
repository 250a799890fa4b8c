import { storageIdentity as storage, type Evidence } from '@rackwright/contracts';
import type { DeviceStore, DriverPool } from '@rackwright/device-registry';
import {
  again,
  fact,
  finishedRefused,
  finishedWith,
  partOf,
  oneByOne,
  type DeviceOperation,
  type EndedCalls,
  type LaneContext,
  type LaneHandler,
  type Turn,
} from '@rackwright/device-work';
import type { ArrayHost, ArraySession, DeviceCall, Initiator, Observed } from '@rackwright/driver-core';
import type { EventBus } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';
import { hostName } from '../fabric/zone.policy.js';
import type { ProfileInitiators } from '../initiator/initiator.repository.js';
import type { ArrayDriver } from './array.reader.js';
import { ARRAY } from './array.service.js';
import type { HostStore } from './host.store.js';
import { hostFor, hostDifference, initiatorsOf, nameOf } from './mask.policy.js';

const ARRAY_TIMEOUT_MS = 30_000;

export interface ArrayWorkParts {
  readonly store: DeviceStore;
  readonly drivers: DriverPool<ArrayDriver>;
  readonly hosts: HostStore;
  readonly database: Database;
  readonly events: EventBus;
}

interface ArrayJob {
  readonly operation: DeviceOperation;
  readonly array: string;
  readonly driver: ArrayDriver;
  readonly call: DeviceCall;
  readonly profile: ProfileInitiators;
}

/** Work on one array: masks of profiles, checks of them, and sessions that must be there or must be gone. */
export class ArrayWork implements LaneHandler {
  readonly prefix = ARRAY;
  readonly work = oneByOne((operation, context) => this.run(operation, context));

  constructor(private readonly parts: ArrayWorkParts) {}

  async endCalls(lane: string): Promise<EndedCalls> {
    await this.parts.drivers.drop(lane.slice(ARRAY.length + 1));
    return 'revoked';
  }

  private async run(operation: DeviceOperation, context: LaneContext): Promise<Turn> {
    const array = operation.lane.slice(ARRAY.length + 1);
    if (!(await this.parts.store.get(ARRAY, array)))
      return finishedRefused('unknown-device', `there is no array ${array}`);
    const driver = await this.parts.drivers.get(array);
    const { profile } = operation.input as { profile: ProfileInitiators };
    const job: ArrayJob = { operation, array, driver, profile, call: context.call([operation], ARRAY_TIMEOUT_MS) };
    switch (operation.kind) {
      case 'ensure-masks':
        return this.ensureMasks(job);
      case 'remove-masks':
        return this.removeMasks(job);
      case 'check-access':
        return this.checkMasks(job);
      case 'end-sessions':
        return this.noSessions(job, partOf(await driver.ensureNoSessions(initiatorsOf(profile), job.call)));
      case 'check-no-session':
        return this.noSessions(job, partOf(await driver.sessions(initiatorsOf(profile), job.call)));
      case 'verify-logins':
        return this.verifySessions(job);
      default:
        return finishedRefused('device-refused', `arrays do not know ${operation.kind}`);
    }
  }

  private async ensureMasks({ operation, array, driver, profile, call }: ArrayJob): Promise<Turn> {
    const targets = partOf(await driver.targets(call));
    if ('turn' in targets) return targets.turn;
    const want = hostFor(profile, array, targets.value.value);
    await this.parts.hosts.record(profile.profileId, array, want);
    const result = await driver.ensureHost(want, call);
    const part = partOf(result);
    if ('turn' in part) return part.turn;
    const difference = hostDifference(part.value.value, want);
    if (difference !== undefined) return again(500, `${array}: ${difference}`);
    const changed = result.kind === 'done' && result.changed;
    if (changed) await this.tell(operation, array, want.name, false);
    return finishedWith({ changed, evidence: [maskFact(part.value, array, want)] });
  }

  private async removeMasks({ operation, array, driver, profile, call }: ArrayJob): Promise<Turn> {
    const name = hostName(profile);
    const result = await driver.ensureNoHost(name, call);
    const part = partOf(result);
    if ('turn' in part) return part.turn;
    await this.parts.hosts.forget(profile.profileId, array);
    const changed = result.kind === 'done' && result.changed;
    if (changed) await this.tell(operation, array, name, true);
    return finishedWith({
      changed,
      evidence: [fact(part.value, { fact: 'mask-absent', subject: name, value: `array ${array}` })],
    });
  }

  private async checkMasks({ operation, array, driver, profile, call }: ArrayJob): Promise<Turn> {
    const { expect } = operation.input as { expect: 'present' | 'absent' };
    const part = partOf(await driver.readHost(hostName(profile), call));
    if ('turn' in part) return part.turn;
    const { value } = part.value;
    if (expect === 'absent') {
      if (value) return finishedRefused('access-differs', `host object ${value.name} is still on ${array}`);
      return finishedWith({
        evidence: [fact(part.value, { fact: 'mask-absent', subject: hostName(profile), value: `array ${array}` })],
      });
    }
    const should = await this.parts.hosts.find(profile.profileId, array);
    if (!should || !value)
      return finishedRefused('access-differs', `${array} has no host object for ${profile.profile}`);
    const difference = hostDifference(value, should);
    if (difference !== undefined) return finishedRefused('access-differs', `${array}: ${difference}`);
    return finishedWith({ evidence: [maskFact(part.value as Observed<ArrayHost>, array, should)] });
  }

  private noSessions(
    { operation, array, profile }: ArrayJob,
    part: { value: Observed<readonly ArraySession[]> } | { turn: Turn },
  ): Turn {
    if ('turn' in part) return part.turn;
    const left = part.value.value[0];
    if (left) {
      const message = `${nameOf(left.initiator)} still has a session on ${array}`;
      return operation.kind === 'end-sessions' ? again(500, message) : finishedRefused('session-left', message);
    }
    const evidence: Evidence[] = initiatorsOf(profile).map((initiator) =>
      fact(part.value, { fact: 'no-session', subject: nameOf(initiator), value: `no session on ${array}` }),
    );
    return finishedWith({ evidence });
  }

  private async verifySessions({ array, driver, profile, call }: ArrayJob): Promise<Turn> {
    if (profile.iqn === undefined) return finishedWith({ evidence: [] });
    const initiator: Initiator = { kind: 'iscsi', iqn: profile.iqn };
    const part = partOf(await driver.sessions([initiator], call));
    if ('turn' in part) return part.turn;
    if (part.value.value.length === 0) return again(500, `${profile.iqn} has no session on ${array} yet`);
    return finishedWith({
      evidence: [
        fact(part.value, {
          fact: 'iscsi-session',
          subject: profile.iqn,
          value: `${part.value.value.length} on ${array}`,
        }),
      ],
    });
  }

  private async tell(operation: DeviceOperation, array: string, host: string, removed: boolean): Promise<void> {
    const { profileId } = operation.input as { profileId: string };
    await this.parts.database.transaction(async (tx) => {
      await this.parts.events.emit(tx, storage.masksChanged, { array, profileId: profileId as never, host, removed });
    });
  }
}

function maskFact(observed: Observed<ArrayHost>, array: string, host: ArrayHost): Evidence {
  const luns = host.mappings.map((mapping) => `${mapping.volume}=LUN ${mapping.lun}`).join(', ');
  return fact(observed, { fact: 'mask-present', subject: host.name, value: `${array}: ${luns}` });
}
