import {
  endCall,
  OWNED_NAME_PREFIX,
  PinnedTransport,
  settle,
  settleRead,
  type ArrayHost,
  type ArraySession,
  type ArrayTarget,
  type ArrayVolume,
  type DeviceCall,
  type DeviceConnection,
  type DeviceEndpoint,
  type DeviceIdentity,
  type DeviceResult,
  type Initiator,
  type LunMaskingPort,
  type Observed,
  type ReadResult,
} from '@rackwright/driver-core';
import { BYTES_PER_GIB } from '@rackwright/kernel';
import { z } from 'zod';
import { readTargets } from './array-targets.js';
import { isAsWanted, planHost, planNoHost } from './masking-plan.js';
import {
  hostOf,
  initiatorKey,
  readMasking,
  readSessions,
  VOLUME_FIELDS,
  volumeRowSchema,
  type MaskingSnapshot,
} from './masking-snapshot.js';
import { withSession, type PowerStoreChange, type PowerStoreSession, type Refusal } from './powerstore-client.js';

export interface PowerStoreDriverOptions {
  /** Operating system that new host objects are made for; default `Linux`. */
  readonly osType?: 'Linux' | 'Windows' | 'ESXi' | 'AIX' | 'HP-UX' | 'Solaris';
}

/** Makes a driver for one array. Address: `https://array`. */
export function createPowerStoreDriver(
  endpoint: DeviceEndpoint,
  options: PowerStoreDriverOptions = {},
): PowerStoreDriver {
  return new PowerStoreDriver(endpoint, options);
}

const applianceSchema = z.object({ service_tag: z.string().nullish(), model: z.string().nullish() });
const softwareSchema = z.object({ is_cluster: z.boolean().nullish(), release_version: z.string().nullish() });

export class PowerStoreDriver implements LunMaskingPort, DeviceConnection {
  private readonly transport: PinnedTransport;

  constructor(
    private readonly endpoint: DeviceEndpoint,
    private readonly options: PowerStoreDriverOptions,
  ) {
    this.transport = new PinnedTransport(endpoint.address, endpoint.trust);
  }

  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    return this.read(call, async (session) => {
      const [appliance] = await session.rows('appliance?select=id,service_tag,model', applianceSchema, call);
      const software = await session.rowsIfOffered(
        'software_installed?select=id,is_cluster,release_version',
        softwareSchema,
        call,
      );
      const firmware = software?.find((one) => one.is_cluster === true)?.release_version ?? undefined;
      return {
        vendor: 'Dell',
        ...(appliance?.model ? { model: appliance.model } : {}),
        ...(appliance?.service_tag ? { serial: appliance.service_tag } : {}),
        ...(firmware === undefined ? {} : { firmware }),
      };
    });
  }

  /** Sessions end with their call; nothing is left to end. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  volumes(call: DeviceCall): Promise<ReadResult<readonly ArrayVolume[]>> {
    return this.read(call, async (session) =>
      (await session.rows(VOLUME_FIELDS, volumeRowSchema, call)).map((volume) => ({
        name: volume.name,
        ...(volume.size === undefined ? {} : { sizeGiB: volume.size / BYTES_PER_GIB }),
        ...(volume.wwn === undefined ? {} : { serial: volume.wwn }),
      })),
    );
  }

  targets(call: DeviceCall): Promise<ReadResult<readonly ArrayTarget[]>> {
    return this.read(call, (session) => readTargets(session, call));
  }

  hosts(call: DeviceCall): Promise<ReadResult<readonly ArrayHost[]>> {
    return this.read(call, async (session) => {
      const snapshot = await readMasking(session, call);
      return snapshot.hosts.map((row) => hostOf(snapshot, row));
    });
  }

  readHost(name: string, call: DeviceCall): Promise<ReadResult<ArrayHost | undefined>> {
    return this.read(call, async (session) => find(await readMasking(session, call), name));
  }

  ensureHost(want: ArrayHost, call: DeviceCall): Promise<DeviceResult<ArrayHost>> {
    return this.change(want.name, call, async (session) => {
      const osType = this.options.osType ?? 'Linux';
      const before = await readMasking(session, call);
      const first = planHost(before, want, osType);
      if (first.length === 0 && isAsWanted(before, want)) {
        return { kind: 'done' as const, observed: this.observe(find(before, want.name) ?? want, call), changed: false };
      }
      const isNew = find(before, want.name) === undefined;
      const tried = await this.send(session, first, call);
      const made = await readMasking(session, call);
      const canGoOn = isNew && find(made, want.name) !== undefined && tried === undefined;
      const refusal = canGoOn ? await this.send(session, planHost(made, want, osType), call) : tried;
      const after = canGoOn ? await readMasking(session, call) : made;
      const value = find(after, want.name);
      if (value !== undefined && isAsWanted(after, want)) {
        return { kind: 'done' as const, observed: this.observe(value, call), changed: true };
      }
      return notAsWanted({ name: want.name, refusal, before: find(before, want.name), after: value }, (host) =>
        this.observe(host, call),
      );
    });
  }

  /** Deletes the host object with its mappings. Live sessions go on until the initiator is gone. */
  ensureNoHost(name: string, call: DeviceCall): Promise<DeviceResult<undefined>> {
    return this.change(name, call, async (session) => {
      const before = await readMasking(session, call);
      const row = before.hosts.find((host) => host.name === name);
      const gone = this.observe(undefined, call);
      if (row === undefined) return { kind: 'done' as const, observed: gone, changed: false };
      const refusal = await this.send(session, planNoHost(before, row), call);
      const left = find(await readMasking(session, call), name);
      if (left === undefined) return { kind: 'done' as const, observed: this.observe(undefined, call), changed: true };
      return notAsWanted({ name, refusal, before: find(before, name), after: left }, () => gone);
    });
  }

  sessions(initiators: readonly Initiator[], call: DeviceCall): Promise<ReadResult<readonly ArraySession[]>> {
    return this.read(call, (session) => this.sessionsOf(initiators, session, call));
  }

  /**
   * The API has no call that ends a session: it ends when the initiator logs out or its link goes down. So nothing is
   * sent; `pending` while any is live.
   */
  ensureNoSessions(initiators: readonly Initiator[], call: DeviceCall): Promise<DeviceResult<readonly ArraySession[]>> {
    return settle(() =>
      withSession(this.transport, this.endpoint.credential, call, async (session) => {
        const observed = this.observe(await this.sessionsOf(initiators, session, call), call);
        if (observed.value.length === 0) return { kind: 'done' as const, observed, changed: false };
        return { kind: 'pending' as const, handle: { kind: 'settling' as const }, observed };
      }),
    );
  }

  private async sessionsOf(
    initiators: readonly Initiator[],
    session: PowerStoreSession,
    call: DeviceCall,
  ): Promise<readonly ArraySession[]> {
    const known = await readSessions(session, call);
    return initiators.flatMap((initiator) => {
      const live = known.get(initiatorKey(initiator));
      // Neither a host object nor the list of loose initiators: silence is no proof that nobody is logged in.
      if (live === undefined && !known.complete) {
        const message = `the array does not tell about ${initiatorKey(initiator)}, which no host object holds`;
        return endCall({ kind: 'unknown', why: 'not-settled', message });
      }
      return live ?? [];
    });
  }

  /** Sends changes in order and stops at the first real refusal. */
  private async send(
    session: PowerStoreSession,
    changes: readonly PowerStoreChange[],
    call: DeviceCall,
  ): Promise<Refusal | undefined> {
    for (const change of changes) {
      const refusal = await session.change(change, call);
      if (refusal !== undefined && !refusal.alreadySo) return refusal;
    }
    return undefined;
  }

  private change<T>(
    name: string,
    call: DeviceCall,
    work: (session: PowerStoreSession) => Promise<DeviceResult<T>>,
  ): Promise<DeviceResult<T>> {
    if (!name.startsWith(OWNED_NAME_PREFIX)) {
      return Promise.resolve({
        kind: 'refused',
        code: 'powerstore.not-ours',
        message: `host "${name}" does not carry our mark`,
      });
    }
    return settle(() => withSession(this.transport, this.endpoint.credential, call, work));
  }

  private read<T>(call: DeviceCall, work: (session: PowerStoreSession) => Promise<T>): Promise<ReadResult<T>> {
    return settleRead(() =>
      withSession(this.transport, this.endpoint.credential, call, async (session) => {
        return { kind: 'done' as const, observed: this.observe(await work(session), call) };
      }),
    );
  }

  private observe<T>(value: T, call: DeviceCall): Observed<T> {
    return { value, at: call.clock.now(), source: `${this.transport.origin.origin}/api/rest` };
  }
}

function find(snapshot: MaskingSnapshot, name: string): ArrayHost | undefined {
  const row = snapshot.hosts.find((host) => host.name === name);
  return row && hostOf(snapshot, row);
}

interface Attempt {
  readonly name: string;
  readonly refusal: Refusal | undefined;
  readonly before: ArrayHost | undefined;
  readonly after: ArrayHost | undefined;
}

/** `refused` only where the array said no and nothing has changed; everything in between is for the caller to look at. */
function notAsWanted<T>(attempt: Attempt, observe: (host: ArrayHost) => Observed<T>): DeviceResult<T> {
  const { name, refusal, before, after } = attempt;
  if (refusal !== undefined && JSON.stringify(before) === JSON.stringify(after)) {
    return { kind: 'refused', code: 'powerstore.refused', message: refusal.message };
  }
  const message = refusal?.message ?? `${name} does not read back as it was set`;
  return { kind: 'conflict', message, ...(after === undefined ? {} : { observed: observe(after) }) };
}
