import { Injectable } from '@nestjs/common';
import { DeviceStore } from '@rackwright/device-registry';
import { hasPrefix, IdentityStore } from '@rackwright/identity-pool';
import type { ArrayTarget } from '@rackwright/driver-core';
import type { Tx } from '@rackwright/persistence';
import { ARRAY, type ArrayDetails } from '../array/array.service.js';
import { FABRIC } from '../fabric/fabric.service.js';
import type { InitiatorSpec } from './initiator.repository.js';

export interface StorageProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

interface VolumeRow {
  name: string;
  array: string;
  shared: boolean;
}

/** Everything that would refuse the storage part of a profile, found without changing anything. */
@Injectable()
export class StorageCheck {
  constructor(
    private readonly devices: DeviceStore,
    private readonly identities: IdentityStore,
  ) {}

  /** `profileId` is the one the names may already belong to; looked up by name when it is not known. */
  async problemsOf(tx: Tx, profile: string, spec: InitiatorSpec, profileId?: string): Promise<StorageProblem[]> {
    const [known] = await tx.query<{ profile_id: string }>(
      'SELECT profile_id FROM profile_storage WHERE profile = $1',
      [profile],
    );
    const owner = profileId ?? known?.profile_id ?? '';
    return [
      ...(await this.fabricProblems(spec)),
      ...(await this.volumeProblems(tx, owner, spec)),
      ...(await this.nameProblems(tx, owner, spec)),
    ];
  }

  private async fabricProblems(spec: InitiatorSpec): Promise<StorageProblem[]> {
    const fabrics = new Set((await this.devices.list(FABRIC)).map((device) => device.name));
    return spec.vhbas.flatMap((vhba, index) =>
      fabrics.has(vhba.fabric)
        ? []
        : [
            {
              path: `/vhbas/${index}/fabric`,
              code: 'unknown-fabric',
              message: `vHBA ${vhba.name}: there is no fabric ${vhba.fabric}`,
            },
          ],
    );
  }

  private async volumeProblems(tx: Tx, owner: string, spec: InitiatorSpec): Promise<StorageProblem[]> {
    const problems: StorageProblem[] = [];
    const luns = new Map<string, string>();
    const details = new Map(
      (await this.devices.list(ARRAY)).map((device) => [device.name, device.reading as ArrayDetails | null]),
    );
    for (const [index, { volume, lun }] of spec.volumes.entries()) {
      const path = `/volumes/${index}`;
      const [row] = await tx.query<VolumeRow>(
        'SELECT name, array_name AS "array", shared FROM volumes WHERE name = $1',
        [volume],
      );
      if (!row) {
        problems.push({ path: `${path}/volume`, code: 'unknown-volume', message: `there is no volume ${volume}` });
        continue;
      }
      const [user] = await tx.query<{ profile: string }>(
        'SELECT profile FROM profile_volumes JOIN profile_storage USING (profile_id) WHERE volume = $1 AND profile_id <> $2',
        [volume, owner],
      );
      if (user && !row.shared)
        problems.push({
          path: `${path}/volume`,
          code: 'volume-in-use',
          message: `volume ${volume} belongs to profile ${user.profile} and is not shared`,
        });
      const key = `${row.array} ${lun}`;
      if (luns.has(key))
        problems.push({
          path: `${path}/lun`,
          code: 'lun-in-use',
          message: `LUN ${lun} on ${row.array} is given to ${luns.get(key) ?? ''} and ${volume}`,
        });
      luns.set(key, volume);
      if (!hasPath(spec, details.get(row.array)?.targets))
        problems.push({
          path: `${path}/volume`,
          code: 'no-path',
          message: `${row.array} cannot be reached through the initiators of this profile`,
        });
    }
    return problems;
  }

  private async nameProblems(tx: Tx, owner: string, spec: InitiatorSpec): Promise<StorageProblem[]> {
    const wanted = spec.vhbas.flatMap((vhba, index) =>
      (['wwpn', 'wwnn'] as const).map((field) => ({
        kind: 'wwn',
        value: vhba[field],
        path: `/vhbas/${index}/${field}`,
        what: `vHBA ${vhba.name}`,
      })),
    );
    if (spec.iscsi)
      wanted.push({
        kind: 'iqn',
        value: spec.iscsi.initiator as never,
        path: '/iscsi/initiator',
        what: 'the iSCSI initiator',
      });
    const problems: StorageProblem[] = [];
    for (const { kind, value, path, what } of wanted) {
      const pools = await this.identities.pools(tx, kind);
      if (pools.length === 0)
        problems.push({
          path,
          code: 'pool-exhausted',
          message: `${what}: there is no ${kind === 'wwn' ? 'WWN' : 'IQN'} pool; apply one of kind ${kind === 'wwn' ? 'WwnPool' : 'IqnPool'}`,
        });
      else if (value !== undefined) {
        const inside = pools.some((pool) =>
          kind === 'wwn' ? hasPrefix(value, pool.prefix) : (value as string).startsWith(pool.prefix),
        );
        const holder = await this.identities.holderOf(tx, kind, value);
        if (!inside)
          problems.push({
            path,
            code: `${kind}-outside-pool`,
            message: `${what}: ${value} lies in no pool (${pools.map((pool) => pool.prefix).join(', ')})`,
          });
        else if (holder && holder.owner !== owner)
          problems.push({
            path,
            code: `${kind}-taken`,
            message: `${what}: ${value} belongs to another profile, or rests after one`,
          });
      }
    }
    return problems;
  }
}

/** An array that was never read may be reachable; one that was read tells its targets. */
function hasPath(spec: InitiatorSpec, targets: readonly ArrayTarget[] | undefined): boolean {
  if (targets === undefined) return spec.vhbas.length > 0 || spec.iscsi !== undefined;
  return targets.some((target) => (target.kind === 'fibre-channel' ? spec.vhbas.length > 0 : spec.iscsi !== undefined));
}
