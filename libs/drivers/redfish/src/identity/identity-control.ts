import type {
  DeviceCall,
  DeviceResult,
  IdentityCapability,
  Observed,
  PendingHandle,
  PortIdentity,
  ServerIdentity,
  ServerIdentityReading,
} from '@rackwright/driver-core';
import type { BoundSystem, SystemBinding } from '../binding.js';
import { refuse } from '../protocol/call-end.js';
import { at } from '../protocol/fields.js';
import type { RedfishClient, Resource } from '../protocol/redfish-client.js';
import type { WriteVerdict } from '../protocol/answer.policy.js';
import type { JsonObject } from '../transport/safe-json.js';
import { identityReading, readPlaces, type IdentityPlace } from './identity-reader.js';
import { differingParts, normalIdentity, sameIdentity } from './identity-shape.js';
import { enableIoIdentity, readIoIdentity, survivesOf } from './io-identity.js';
import { UuidControl } from './uuid-control.js';
import { dropWaitingJobs } from './waiting-jobs.js';

interface Wanted {
  readonly place: IdentityPlace;
  readonly target: PortIdentity;
}

interface Written {
  /** The first answer that was no acceptance; writing stopped there. */
  readonly failure?: Exclude<WriteVerdict, { kind: 'accepted' }>;
  readonly monitor?: string;
}

function sameSections(left: Resource, right: Resource): boolean {
  return ['Ethernet', 'FibreChannel', 'iSCSIBoot', 'Attributes'].every(
    (section) => JSON.stringify(at(left.body, section)) === JSON.stringify(at(right.body, section)),
  );
}

/** What a function will show after the next reset. */
function effective({ place }: Wanted): PortIdentity {
  return place.reading.pending ?? place.reading.current;
}

/** `OnReset` where it is offered; `Immediate` may itself reset the host and is asked for only when there is nothing else. */
function applyTimeOf(place: IdentityPlace): string | undefined {
  return ['OnReset', 'Immediate'].find((time) => place.applyTimes.includes(time));
}

/**
 * Identities of the adapters of the bound system. The whole server is made as wanted: a port that is not named becomes
 * its own again. What was accepted and does not show afterwards (an adapter that aliases its permanent address) is
 * refused, not done.
 */
export class IdentityControl {
  /** Jobs this driver had made per settings object (iDRAC takes one at a time and refuses a second). */
  private readonly jobs = new Map<string, string>();
  private readonly uuid: UuidControl;

  constructor(
    private readonly client: RedfishClient,
    private readonly binding: SystemBinding,
  ) {
    this.uuid = new UuidControl(client);
  }

  async capability(call: DeviceCall): Promise<Observed<IdentityCapability>> {
    const bound = await this.binding.bind(call);
    const places = (await readPlaces(bound)).filter((place) => place.adapter.facts.assignable);
    const value = await this.capabilityOf(bound, places);
    return { value, at: bound.system.at, source: `${this.client.origin}${bound.system.uri}` };
  }

  async read(call: DeviceCall): Promise<Observed<ServerIdentityReading>> {
    const bound = await this.binding.bind(call);
    return this.observed(bound, await readPlaces(bound));
  }

  async ensure(want: ServerIdentity, call: DeviceCall): Promise<DeviceResult<ServerIdentityReading>> {
    const bound = await this.binding.bind(call);
    const places = await readPlaces(bound);
    const wanted = this.match(want, places);
    const uuidVerdict = await this.uuid.ensure(want.uuid, bound, call);
    if (uuidVerdict) return uuidVerdict;
    const toWrite = wanted.filter((one) => !sameIdentity(effective(one), one.target));
    if (toWrite.some(({ place, target }) => place.codec.via === 'dell-oem' && Object.keys(target).length > 1)) {
      await enableIoIdentity(this.client, bound, call);
    }
    const written = await this.writeAll(toWrite, wanted, bound, call);
    if (written.failure?.kind === 'unknown') return written.failure;
    const before = identityReading(bound, places);
    return this.judge({ want, before, written, changed: toWrite.length > 0 }, call);
  }

  private async capabilityOf(bound: BoundSystem, places: readonly IdentityPlace[]): Promise<IdentityCapability> {
    const [first] = places;
    if (first === undefined) return { via: 'none', apply: 'on-reset', survives: [] };
    const isDell = first.codec.via === 'dell-oem';
    const isLive = first.targetUri === first.active.uri;
    const survives = isDell ? survivesOf(await readIoIdentity(bound)) : [];
    return { via: first.codec.via, apply: isLive ? 'live' : 'on-reset', survives };
  }

  private match(want: ServerIdentity, places: readonly IdentityPlace[]): readonly Wanted[] {
    for (const { port } of want.ports) {
      const place = places.find((candidate) => candidate.adapter.name === port);
      if (place === undefined) refuse('redfish.no-such-port', `there is no adapter port ${port}`);
      if (!place.adapter.facts.assignable)
        refuse('redfish.port-not-assignable', `the identity of ${port} cannot be programmed`);
    }
    return places
      .filter((place) => place.adapter.facts.assignable)
      .map((place) => {
        const named = want.ports.find((identity) => identity.port === place.adapter.name);
        return { place, target: normalIdentity(named ?? { port: place.adapter.name }, place.adapter) };
      });
  }

  private async writeAll(
    toWrite: readonly Wanted[],
    wanted: readonly Wanted[],
    bound: BoundSystem,
    call: DeviceCall,
  ): Promise<Written> {
    let monitor: string | undefined;
    for (const one of toWrite) {
      const verdict = await this.write(one, bound, call);
      if (verdict.kind !== 'accepted') return { failure: verdict };
      monitor ??= verdict.monitor;
    }
    if (bound.quirks.applyTime === 'separate-request') {
      for (const { place } of wanted) {
        const isWaiting = place.reading.pending !== undefined || toWrite.some((one) => one.place === place);
        if (!isWaiting) continue;
        const job = await this.askToApply(place, bound, call);
        monitor ??= job;
      }
    }
    return { ...(monitor !== undefined && { monitor }) };
  }

  private async write({ place, target }: Wanted, bound: BoundSystem, call: DeviceCall): Promise<WriteVerdict> {
    const { adapter, codec } = place;
    const seen = place.reading.pending ?? place.reading.current;
    const values = codec.body(adapter, target, differingParts(seen, target));
    const time = bound.quirks.applyTime === 'same-request' ? applyTimeOf(place) : undefined;
    const body: JsonObject = {
      ...values,
      ...(time !== undefined && { '@Redfish.SettingsApplyTime': { ApplyTime: time } }),
    };
    const seenAt = place.settings ?? place.active;
    this.jobs.delete(place.targetUri);
    const patch = (base: Resource): Promise<WriteVerdict> => {
      const unchanged = (fresh: Resource): boolean => sameSections(fresh, base);
      const change = { method: 'PATCH' as const, uri: place.targetUri, body, base, unchanged };
      return this.client.change(change, bound.quirks, call);
    };
    const verdict = await patch(seenAt);
    const mayBeJob = verdict.kind === 'refused' && bound.quirks.applyTime === 'separate-request';
    if (!mayBeJob || !(await dropWaitingJobs(this.client, bound, adapter.name, call))) return verdict;
    // Taking the job back changed what waits: the second write is based on how it is now.
    return patch((await this.client.read(seenAt.uri, call)) ?? seenAt);
  }

  /** iDRAC: the values wait in vain until a job is made for them. A refusal means that there is one; the reset shows the truth. */
  private async askToApply(place: IdentityPlace, bound: BoundSystem, call: DeviceCall): Promise<string | undefined> {
    const known = this.jobs.get(place.targetUri);
    if (known !== undefined) return known;
    const body = { '@Redfish.SettingsApplyTime': { ApplyTime: applyTimeOf(place) ?? 'OnReset' } };
    const verdict = await this.client.change({ method: 'PATCH', uri: place.targetUri, body }, bound.quirks, call);
    if (verdict.kind !== 'accepted') return undefined;
    this.jobs.set(place.targetUri, verdict.monitor ?? '');
    return verdict.monitor;
  }

  /** Reads everything back and says which end this is. */
  private async judge(
    { want, before, written, changed }: JudgeInput,
    call: DeviceCall,
  ): Promise<DeviceResult<ServerIdentityReading>> {
    const bound = await this.binding.bind(call);
    const places = await readPlaces(bound);
    const wanted = this.match(want, places);
    const observed = this.observed(bound, places);
    const isCurrent = wanted.every(({ place, target }) => sameIdentity(place.reading.current, target));
    if (isCurrent && wanted.every(({ place }) => place.reading.pending === undefined)) {
      return { kind: 'done', observed, changed };
    }
    if (wanted.every((one) => sameIdentity(effective(one), one.target))) {
      const handle: PendingHandle = { kind: 'reset', ...(written.monitor && { uri: written.monitor }) };
      return { kind: 'pending', handle, observed };
    }
    const isUntouched = JSON.stringify(before) === JSON.stringify(observed.value);
    if (!isUntouched) {
      const why = written.failure && 'message' in written.failure ? `: ${written.failure.message}` : '';
      const message = `some ports took the identity and some did not${why}`;
      return { kind: 'unknown', why: 'not-settled', message, lastKnown: observed };
    }
    const { failure } = written;
    if (failure === undefined || failure.kind === 'look-again') {
      return refuse('redfish.identity-not-taken', 'the adapter accepted the identity and does not show it');
    }
    return failure.kind === 'precondition'
      ? { kind: 'conflict', message: 'the settings changed meanwhile', observed }
      : failure;
  }

  private observed(bound: BoundSystem, places: readonly IdentityPlace[]): Observed<ServerIdentityReading> {
    const source = `${this.client.origin}${bound.system.uri}`;
    return { value: identityReading(bound, places), at: bound.system.at, source };
  }
}

interface JudgeInput {
  readonly want: ServerIdentity;
  readonly before: ServerIdentityReading;
  readonly written: Written;
  readonly changed: boolean;
}
