import {
  endCall,
  OWNED_NAME_PREFIX,
  settle,
  settleRead,
  type ArrayHost,
  type ArraySession,
  type ArrayTarget,
  type ArrayVolume,
  type DeviceCall,
  type DeviceConnection,
  type DeviceIdentity,
  type DeviceResult,
  type Initiator,
  type LunMaskingPort,
  type Observed,
  type ReadResult,
} from '@rackwright/driver-core';
import { tryParseIqn } from '@rackwright/kernel';
import { changesFor, findHost, iqnsOf, type HostChange } from './host-plan.js';
import type { TgtTarget } from './show-target.js';
import { hostsOf, hostTargetName, volumesOf, type TargetNames } from './target-names.js';
import { Tgtadm } from './tgtadm.js';

export interface TgtDriverOptions {
  /** How tgtadm is started; default `['tgtadm']`. */
  readonly command?: readonly string[];
  /** Control port of the daemon; default 0. */
  readonly controlPort?: number;
  /** Control socket without the port (`TGT_IPC_SOCKET`), where it is not the usual one. */
  readonly ipcSocket?: string;
  /** `address:port` at which initiators reach the targets; reported by `targets`. */
  readonly portal?: string;
  /** Targets whose name begins with this are volumes; the rest of the name is the volume's. Default: all, by full name. */
  readonly volumePrefix?: string;
  /** Beginning of the names of marker targets. */
  readonly hostPrefix?: string;
}

export const DEFAULT_HOST_PREFIX = 'iqn.2026-01.dev.rackwright:host.';

/** Makes a driver for one tgtd on this machine (or behind the command prefix). */
export function createTgtDriver(options: TgtDriverOptions = {}): TgtDriver {
  return new TgtDriver(options);
}

export class TgtDriver implements LunMaskingPort, DeviceConnection {
  private readonly tool: Tgtadm;
  private readonly names: TargetNames;
  private readonly source: string;

  constructor(private readonly options: TgtDriverOptions) {
    const controlPort = options.controlPort ?? 0;
    this.source = `tgtd:${options.portal ?? 'local'}#${controlPort}`;
    this.names = { volumePrefix: options.volumePrefix ?? '', hostPrefix: options.hostPrefix ?? DEFAULT_HOST_PREFIX };
    this.tool = new Tgtadm({
      command: options.command ?? ['tgtadm'],
      controlPort,
      device: this.source,
      ...(options.ipcSocket === undefined ? {} : { ipcSocket: options.ipcSocket }),
    });
  }

  /** tgt tells nothing about itself; that it answers is all. */
  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    return this.read(call, () => ({ vendor: 'tgt' }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  volumes(call: DeviceCall): Promise<ReadResult<readonly ArrayVolume[]>> {
    return this.read(call, (targets) =>
      volumesOf(this.names, targets).map(({ name, lun }) => ({
        name,
        ...(lun.sizeMb === undefined ? {} : { sizeGiB: (lun.sizeMb * 1e6) / 2 ** 30 }),
        ...(lun.serial === undefined ? {} : { serial: lun.serial }),
      })),
    );
  }

  /** One target per volume: `volume` says which. */
  targets(call: DeviceCall): Promise<ReadResult<readonly ArrayTarget[]>> {
    const { portal } = this.options;
    return this.read(call, (targets) =>
      volumesOf(this.names, targets).map(({ name, target }) => ({
        kind: 'iscsi' as const,
        name: target.name,
        volume: name,
        ...(portal === undefined ? {} : { portal }),
      })),
    );
  }

  hosts(call: DeviceCall): Promise<ReadResult<readonly ArrayHost[]>> {
    return this.read(call, (targets) =>
      hostsOf(this.names, targets).flatMap((host) => findHost(this.names, targets, host.name) ?? []),
    );
  }

  readHost(name: string, call: DeviceCall): Promise<ReadResult<ArrayHost | undefined>> {
    return this.read(call, (targets) => findHost(this.names, targets, name));
  }

  /** A mapping's LUN is the one the volume's target serves: tgt cannot choose it per host. */
  ensureHost(want: ArrayHost, call: DeviceCall): Promise<DeviceResult<ArrayHost>> {
    return settle(async () => {
      owned(want.name);
      const before = await this.tool.targets(call);
      const changes = changesFor(this.names, before, want);
      const marked = changes.length === 0 ? before : await this.apply(changes, call);
      const rest = findHost(this.names, before, want.name) === undefined ? changesFor(this.names, marked, want) : [];
      const after = rest.length === 0 ? marked : await this.apply(rest, call);
      const observed = this.observe(findHost(this.names, after, want.name), call);
      const missing = changesFor(this.names, after, want);
      if (missing.length > 0 || observed.value === undefined) {
        return { kind: 'conflict' as const, message: `${want.name} is not as it was set: ${describe(missing)}` };
      }
      return { kind: 'done' as const, observed: { ...observed, value: observed.value }, changed: changes.length > 0 };
    });
  }

  /** Takes the host's initiators off every volume, then removes its marker. Live sessions go on: see `ensureNoSessions`. */
  ensureNoHost(name: string, call: DeviceCall): Promise<DeviceResult<undefined>> {
    return settle(async () => {
      owned(name);
      const before = await this.tool.targets(call);
      const marker = before.find((target) => target.name === hostTargetName(this.names, name));
      if (marker === undefined)
        return { kind: 'done' as const, observed: this.observe(undefined, call), changed: false };
      const host = { name, initiators: iqnsOf(marker.acl), mappings: [] };
      const unmask = host.initiators.length === 0 ? [] : changesFor(this.names, before, host);
      const unmasked = unmask.length === 0 ? before : await this.apply(unmask, call);
      const left = findHost(this.names, unmasked, name);
      if (left !== undefined && left.mappings.length > 0) {
        return { kind: 'conflict' as const, message: `${name} is still on volumes` };
      }
      await this.endConnections(
        unmasked.filter((target) => target.tid === marker.tid),
        host.initiators,
        call,
      );
      const remove: HostChange = {
        args: ['--op', 'delete', '--mode', 'target', '--tid', String(marker.tid)],
        what: `marker of ${name}`,
      };
      const after = await this.apply([remove], call);
      if (findHost(this.names, after, name) !== undefined) {
        return { kind: 'conflict' as const, message: `the marker of ${name} is still there` };
      }
      return { kind: 'done' as const, observed: this.observe(undefined, call), changed: true };
    });
  }

  sessions(initiators: readonly Initiator[], call: DeviceCall): Promise<ReadResult<readonly ArraySession[]>> {
    return this.read(call, (targets) => this.sessionsIn(targets, initiators));
  }

  /**
   * Ends the connections of these initiators and reads back. `pending` while any is there again: an initiator that is
   * still masked in logs in again at once, so take it off the volumes first.
   */
  ensureNoSessions(initiators: readonly Initiator[], call: DeviceCall): Promise<DeviceResult<readonly ArraySession[]>> {
    return settle(async () => {
      const before = await this.tool.targets(call);
      const live = this.sessionsIn(before, initiators);
      await this.endConnections(before, initiators, call);
      const after = live.length === 0 ? before : await this.tool.targets(call);
      const observed = this.observe(this.sessionsIn(after, initiators), call);
      if (observed.value.length > 0)
        return { kind: 'pending' as const, handle: { kind: 'settling' as const }, observed };
      return { kind: 'done' as const, observed, changed: live.length > 0 };
    });
  }

  private async endConnections(
    targets: readonly TgtTarget[],
    initiators: readonly Initiator[],
    call: DeviceCall,
  ): Promise<void> {
    const names = iqnSet(initiators);
    for (const { tid, connections } of targets) {
      if (!connections.some((connection) => names.has(connection.initiator.toLowerCase()))) continue;
      // Sid and cid are taken from the connection list itself: the ids in the target list are of the moment before.
      for (const { sid, cid, initiator } of await this.tool.connections(tid, call)) {
        if (!names.has(initiator.toLowerCase())) continue;
        const args = [
          '--op',
          'delete',
          '--mode',
          'conn',
          '--tid',
          String(tid),
          '--sid',
          String(sid),
          '--cid',
          String(cid),
        ];
        await this.tool.change(args, `connection ${tid}/${sid}/${cid} of ${initiator}`, call);
      }
    }
  }

  private async apply(changes: readonly HostChange[], call: DeviceCall): Promise<readonly TgtTarget[]> {
    for (const { args, what } of changes) await this.tool.change(args, what, call);
    return this.tool.targets(call);
  }

  private sessionsIn(targets: readonly TgtTarget[], initiators: readonly Initiator[]): ArraySession[] {
    const names = iqnSet(initiators);
    const volumes = new Map(volumesOf(this.names, targets).map((volume) => [volume.target.tid, volume.name]));
    return targets.flatMap(({ tid, connections }) =>
      connections.flatMap(({ sid, cid, initiator }) => {
        const iqn = tryParseIqn(initiator);
        if (iqn === undefined || !names.has(iqn)) return [];
        const volume = volumes.get(tid);
        return [
          {
            initiator: { kind: 'iscsi' as const, iqn },
            id: `${tid}/${sid}/${cid}`,
            ...(volume === undefined ? {} : { volume }),
          },
        ];
      }),
    );
  }

  private read<T>(call: DeviceCall, view: (targets: readonly TgtTarget[]) => T): Promise<ReadResult<T>> {
    return settleRead(async () => ({
      kind: 'done' as const,
      observed: this.observe(view(await this.tool.targets(call)), call),
    }));
  }

  private observe<T>(value: T, call: DeviceCall): Observed<T> {
    return { value, at: call.clock.now(), source: this.source };
  }
}

function owned(name: string): void {
  if (name.startsWith(OWNED_NAME_PREFIX)) return;
  endCall({ kind: 'refused', code: 'tgt.not-ours', message: `"${name}" does not carry our mark` });
}

function describe(changes: readonly HostChange[]): string {
  return changes.map((change) => change.what).join(', ') || 'its marker is gone';
}

function iqnSet(initiators: readonly Initiator[]): Set<string> {
  return new Set(initiators.flatMap((initiator) => (initiator.kind === 'iscsi' ? [initiator.iqn] : [])));
}
