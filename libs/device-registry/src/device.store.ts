import { isDeepStrictEqual } from 'node:util';
import type { DeviceTrust } from '@rackwright/contracts';
import type { DeviceEndpoint, TlsTrust } from '@rackwright/driver-core';
import { AppError } from '@rackwright/kernel';
import type { Database, Tx } from '@rackwright/persistence';
import { credentialSchema, type SealingKeys } from './sealing.js';
import type { Vault } from './vault.js';

/** A device as its owner keeps it; the credential never leaves the store in clear but inside an endpoint. */
export interface RegisteredDevice {
  readonly kind: string;
  readonly name: string;
  readonly driver: string;
  readonly address: string;
  readonly site: string | null;
  readonly trust: DeviceTrust;
  /** Fingerprint seen and pinned at first contact. */
  readonly pinned: string | null;
  readonly options: Readonly<Record<string, string>>;
  /** Grows with every edit. */
  readonly version: number;
  /** What was read last, in the owner's own shape. */
  readonly reading: unknown;
  readonly read_at: Date | null;
  readonly problem: string | null;
}

/** A device to be put. Without a credential the stored one stays. */
export interface DeviceToPut {
  readonly kind: string;
  readonly name: string;
  readonly driver: string;
  readonly address: string;
  readonly site?: string | undefined;
  readonly trust: DeviceTrust;
  readonly sealedCredential?: string | undefined;
  readonly options?: Readonly<Record<string, string>>;
}

export type PutResult = 'created' | 'changed' | 'unchanged' | 'address-taken';

/** How to reach a device, with everything a driver is made from. */
export interface DeviceToReach {
  readonly endpoint: DeviceEndpoint;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly version: number;
}

const COLUMNS = 'kind, name, driver, address, site, trust, pinned, options, version, reading, read_at, problem';

/** The devices of one service. */
export class DeviceStore {
  constructor(
    private readonly service: string,
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly keys: SealingKeys,
  ) {}

  /** Public key for {@link sealCredential}. */
  get publicKey(): Record<string, unknown> {
    return this.keys.publicKey;
  }

  /** Stores or changes a device. An edit forgets a pin that belonged to another address or trust. Repeat-safe. */
  async put(tx: Tx, device: DeviceToPut): Promise<PutResult> {
    const taken = await tx.query('SELECT 1 FROM devices WHERE kind = $1 AND address = $2 AND name <> $3', [
      device.kind,
      device.address,
      device.name,
    ]);
    if (taken.length > 0) return 'address-taken';
    const [existing] = await tx.query<RegisteredDevice & { credential: string | null }>(
      `SELECT ${COLUMNS}, credential FROM devices WHERE kind = $1 AND name = $2 FOR UPDATE`,
      [device.kind, device.name],
    );
    const secret =
      device.sealedCredential === undefined
        ? undefined
        : JSON.stringify(await this.keys.unseal(device.sealedCredential));
    const oldSecret =
      !existing || existing.credential === null
        ? undefined
        : this.vault.decrypt(existing.credential, this.placeOf(device));
    const wanted = [device.driver, device.address, device.site ?? null, device.trust, device.options ?? {}];
    if (
      existing &&
      isDeepStrictEqual(wanted, [existing.driver, existing.address, existing.site, existing.trust, existing.options]) &&
      (secret === undefined || secret === oldSecret)
    ) {
      return 'unchanged';
    }
    const keepsPin = existing?.address === device.address && isDeepStrictEqual(existing.trust, device.trust);
    const credential =
      secret === undefined ? (existing?.credential ?? null) : this.vault.encrypt(secret, this.placeOf(device));
    await tx.query(
      `INSERT INTO devices (kind, name, driver, address, site, trust, pinned, credential, options)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (kind, name) DO UPDATE SET driver = $3, address = $4, site = $5, trust = $6, pinned = $7, credential = $8,
         options = $9, version = devices.version + 1`,
      [
        device.kind,
        device.name,
        device.driver,
        device.address,
        device.site ?? null,
        JSON.stringify(device.trust),
        keepsPin ? existing.pinned : null,
        credential,
        JSON.stringify(device.options ?? {}),
      ],
    );
    return existing ? 'changed' : 'created';
  }

  async get(kind: string, name: string): Promise<RegisteredDevice | undefined> {
    const [row] = await this.database.query<RegisteredDevice>(
      `SELECT ${COLUMNS} FROM devices WHERE kind = $1 AND name = $2`,
      [kind, name],
    );
    return row;
  }

  async list(kind: string): Promise<RegisteredDevice[]> {
    return this.database.query<RegisteredDevice>(`SELECT ${COLUMNS} FROM devices WHERE kind = $1 ORDER BY name`, [
      kind,
    ]);
  }

  async remove(tx: Tx, kind: string, name: string): Promise<boolean> {
    return (
      (await tx.query('DELETE FROM devices WHERE kind = $1 AND name = $2 RETURNING name', [kind, name])).length === 1
    );
  }

  /** Version of a device without its secrets, to tell whether a connection is still the right one. */
  async versionOf(kind: string, name: string): Promise<number | undefined> {
    const [row] = await this.database.prepared<{ version: number }>(
      'device-registry-version',
      'SELECT version FROM devices WHERE kind = $1 AND name = $2',
      [kind, name],
    );
    return row?.version;
  }

  /** Throws `device-registry.unknown-device`. */
  async reach(kind: string, name: string): Promise<DeviceToReach> {
    const [row] = await this.database.query<RegisteredDevice & { credential: string | null }>(
      `SELECT ${COLUMNS}, credential FROM devices WHERE kind = $1 AND name = $2`,
      [kind, name],
    );
    if (!row) throw new AppError('device-registry.unknown-device', `there is no ${kind} ${name}`);
    const credential =
      row.credential === null
        ? undefined
        : credentialSchema.parse(JSON.parse(this.vault.decrypt(row.credential, this.placeOf(row))));
    const trust = this.trustOf(row);
    return {
      endpoint: { address: row.address, ...(credential && { credential }), ...(trust && { trust }) },
      driver: row.driver,
      options: row.options,
      version: row.version,
    };
  }

  /** What was read from a device, or why it could not be read. */
  async recordReading(kind: string, name: string, result: { reading: unknown } | { problem: string }): Promise<void> {
    if ('reading' in result) {
      await this.database.query(
        'UPDATE devices SET reading = $3, read_at = now(), tried_at = now(), problem = NULL WHERE kind = $1 AND name = $2',
        [kind, name, JSON.stringify(result.reading)],
      );
    } else {
      await this.database.query('UPDATE devices SET tried_at = now(), problem = $3 WHERE kind = $1 AND name = $2', [
        kind,
        name,
        result.problem.slice(0, 1000),
      ]);
    }
  }

  private placeOf(device: { readonly kind: string; readonly name: string }): string {
    return `${this.service}/${device.kind}/${device.name}`;
  }

  private trustOf(row: RegisteredDevice): TlsTrust | undefined {
    switch (row.trust.kind) {
      case 'none':
        return undefined;
      case 'ca':
        return {
          kind: 'ca',
          caPem: row.trust.caPem,
          ...(row.trust.serverName !== undefined && { serverName: row.trust.serverName }),
        };
      case 'pin':
        return { kind: 'pin', sha256: row.trust.sha256 };
      case 'first-use':
        if (row.pinned !== null) return { kind: 'pin', sha256: row.pinned };
        return {
          kind: 'first-use',
          onFirstUse: (sha256) => void this.pin(row.kind, row.name, sha256).catch(() => undefined),
        };
    }
  }

  /** Only the first fingerprint is taken; from then on another certificate gets no credentials. */
  private async pin(kind: string, name: string, sha256: string): Promise<void> {
    await this.database.query(
      'UPDATE devices SET pinned = $3, version = version + 1 WHERE kind = $1 AND name = $2 AND pinned IS NULL',
      [kind, name, sha256],
    );
  }
}
