import { Injectable } from '@nestjs/common';
import type { InputOf, storageIdentity as storage } from '@rackwright/contracts';
import { IdentityStore } from '@rackwright/identity-pool';
import type { Iqn, Wwn } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import { IQN_SLOT, wwnnSlot, wwpnSlot } from './initiator-slots.js';

export type InitiatorSpec = InputOf<typeof storage.reserveInitiators>['spec'];

/** A volume a profile reaches. */
export interface ProfileVolume {
  readonly volume: string;
  readonly array: string;
  readonly arrayVolume: string;
  readonly lun: number;
  readonly boot: boolean;
}

/** Everything about how a profile reaches its storage. */
export interface ProfileInitiators {
  readonly profileId: string;
  readonly profile: string;
  readonly spec: InitiatorSpec;
  readonly vhbas: readonly { readonly name: string; readonly fabric: string; readonly wwpn: Wwn; readonly wwnn: Wwn }[];
  readonly iqn?: Iqn;
  readonly volumes: readonly ProfileVolume[];
}

type Queryable = Pick<Tx, 'query'>;

/** What is reserved for profiles. */
@Injectable()
export class InitiatorRepository {
  constructor(private readonly identities: IdentityStore) {}

  async specOf(tx: Tx, profileId: string): Promise<InitiatorSpec | undefined> {
    const [row] = await tx.query<{ spec: InitiatorSpec }>(
      'SELECT spec FROM profile_storage WHERE profile_id = $1 FOR UPDATE',
      [profileId],
    );
    return row?.spec;
  }

  async put(tx: Tx, profileId: string, profile: string, spec: InitiatorSpec): Promise<void> {
    await tx.query(
      'INSERT INTO profile_storage (profile_id, profile, spec) VALUES ($1, $2, $3) ON CONFLICT (profile_id) DO UPDATE SET profile = $2, spec = $3',
      [profileId, profile, JSON.stringify(spec)],
    );
    await tx.query('DELETE FROM profile_volumes WHERE profile_id = $1', [profileId]);
    for (const [position, { volume, lun, boot }] of spec.volumes.entries()) {
      await tx.query(
        'INSERT INTO profile_volumes (profile_id, volume, position, lun, boot) VALUES ($1, $2, $3, $4, $5)',
        [profileId, volume, position, lun, boot],
      );
    }
  }

  async remove(tx: Tx, profileId: string): Promise<void> {
    await tx.query('DELETE FROM profile_storage WHERE profile_id = $1', [profileId]);
  }

  async find(tx: Queryable, profileId: string): Promise<ProfileInitiators | undefined> {
    const [row] = await tx.query<{ profile: string; spec: InitiatorSpec }>(
      'SELECT profile, spec FROM profile_storage WHERE profile_id = $1',
      [profileId],
    );
    if (!row) return undefined;
    const held = new Map(
      (await this.identities.held(tx, profileId)).map((identity) => [identity.slot, identity.value]),
    );
    const volumes = await tx.query<ProfileVolume>(
      `SELECT volume, array_name AS "array", array_volume AS "arrayVolume", lun, boot FROM profile_volumes
       JOIN volumes ON volumes.name = volume WHERE profile_id = $1 ORDER BY position`,
      [profileId],
    );
    const iqn = held.get(IQN_SLOT) as Iqn | undefined;
    const vhbas = row.spec.vhbas.flatMap(({ name, fabric }) => {
      const wwpn = held.get(wwpnSlot(name)) as Wwn | undefined;
      const wwnn = held.get(wwnnSlot(name)) as Wwn | undefined;
      return wwpn === undefined || wwnn === undefined ? [] : [{ name, fabric, wwpn, wwnn }];
    });
    return { profileId, profile: row.profile, spec: row.spec, vhbas, volumes, ...(iqn !== undefined && { iqn }) };
  }
}
