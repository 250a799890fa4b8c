import { createHash } from 'node:crypto';
import { integerBetween, type Clock, type RandomSource } from '@rackwright/kernel';
import type { PlannedFault } from '../device-face.js';
import type { FabricBackend, StoredZone, ZoneType, ZoningDatabase } from './fabric-backend.js';
import { zoneError } from './fos-error.js';

/** The defined database while it is being edited. */
export interface ZoneEdit {
  cfgs: Record<string, string[]>;
  zones: Record<string, { name: string; type: ZoneType; members: string[]; principals: string[] }>;
  aliases: Record<string, string[]>;
}

export interface LockOwner {
  readonly domainId: number;
  readonly user: string;
  readonly address: string;
  readonly application: string;
}

export interface FabricLock extends LockOwner {
  readonly token: number;
  readonly remainingSeconds: number;
  readonly timeoutSeconds: number;
}

export interface ZoningLimits {
  readonly dbMaxBytes: number;
  readonly lockTimeoutSeconds: number;
}

const EFFECTIVE = '/effective-configuration/';

/**
 * Zoning of one fabric: the committed database lives in the backend, the edit buffer and the fabric lock here. All
 * faces of the switches of one fabric share one instance: a lock taken through one switch keeps the others out, and
 * edits through the same switch land in the same buffer, whoever sends them.
 */
export class FabricZoning {
  private edit: ZoneEdit | undefined;
  private editDomain = 0;
  private token = 0;
  private lock: { owner: LockOwner; token: number; expiresAtMs: number } | undefined;

  constructor(
    private readonly backend: Pick<FabricBackend, 'zoning' | 'commitZoning'>,
    private readonly clock: Clock,
    private readonly random: RandomSource,
    readonly limits: ZoningLimits = { dbMaxBytes: 1_045_274, lockTimeoutSeconds: 300 },
  ) {}

  /** What a reader of the defined configuration on `domainId` sees: its own open edit, otherwise what is committed. */
  defined(domainId: number): ZoneEdit {
    return this.edit && this.editDomain === domainId ? this.edit : thaw(this.backend.zoning());
  }

  committed(): ZoningDatabase {
    return this.backend.zoning();
  }

  /** MD5 over the canonical form of everything committed. */
  checksum(): string {
    const db = this.backend.zoning();
    return createHash('md5').update(canonical(db)).digest('hex');
  }

  sizes(): { committed: number; transaction: number; available: number } {
    const committed = sizeOf(thaw(this.backend.zoning()));
    return {
      committed,
      transaction: this.edit ? Math.max(1, sizeOf(this.edit)) : 0,
      available: Math.max(0, this.limits.dbMaxBytes - committed),
    };
  }

  /** Token of a transaction open on this switch; 0 without one. Foreign transactions do not show here. */
  tokenOn(domainId: number): number {
    return this.edit && this.editDomain === domainId ? this.token : 0;
  }

  currentLock(): FabricLock | undefined {
    if (!this.lock) return undefined;
    const remainingMs = this.lock.expiresAtMs - this.clock.monotonicMs();
    // An expired lock is gone although the transaction on its switch stays open until somebody aborts it.
    if (remainingMs <= 0) return void (this.lock = undefined);
    return {
      ...this.lock.owner,
      token: this.lock.token,
      remainingSeconds: Math.ceil(remainingMs / 1000),
      timeoutSeconds: this.limits.lockTimeoutSeconds,
    };
  }

  /** An administrator somewhere opens a transaction and leaves it open: a foreign lock, or a staged edit on this switch. */
  openAsOther(owner: LockOwner, change: (edit: ZoneEdit) => void = () => undefined): void {
    change(this.open(owner));
  }

  /** Runs `change` on the edit buffer, opening a transaction when there is none. A refused change leaves the buffer as it was. */
  stage(owner: LockOwner, change: (edit: ZoneEdit) => void, fault?: PlannedFault): void {
    this.refuseIfLocked(owner, fault);
    const before = this.edit && this.editDomain === owner.domainId ? structuredClone(this.edit) : undefined;
    const next = structuredClone(before ?? thaw(this.backend.zoning()));
    change(next);
    if (sizeOf(next) > this.limits.dbMaxBytes) throw zoneError('The zone database is too large');
    this.open(owner);
    this.edit = next;
  }

  /** Saves the edit; with `enable` also makes that cfg effective. Any failure leaves the transaction open, as FOS does. */
  commit(owner: LockOwner, wanted: { checksum: unknown; enable?: string }, fault?: PlannedFault): void {
    this.refuseIfLocked(owner, fault);
    this.checkChecksum(wanted.checksum, fault);
    const edit = this.edit && this.editDomain === owner.domainId ? this.edit : undefined;
    if (!edit && wanted.enable === undefined) throw zoneError('Nothing changed: nothing to save', EFFECTIVE);
    const defined = edit ?? thaw(this.backend.zoning());
    checkReferences(defined);
    const saved: ZoningDatabase = { ...this.backend.zoning(), ...structuredClone(defined) };
    const enabled = wanted.enable === undefined ? saved : enable(saved, wanted.enable);
    if (fault?.effect.kind === 'commit-half-way') {
      // Seen on segmented fabrics: the defined part is on every switch, the activation is not.
      fault.fired();
      this.backend.commitZoning(saved);
      throw zoneError('The commit failed on a remote switch', EFFECTIVE);
    }
    this.backend.commitZoning(enabled);
    this.close();
  }

  disable(owner: LockOwner, checksum: unknown, fault?: PlannedFault): void {
    this.refuseIfLocked(owner, fault);
    this.checkChecksum(checksum, fault);
    const db = this.backend.zoning();
    if (db.effectiveCfg === undefined) throw zoneError('No effective configuration', EFFECTIVE);
    const edit = this.edit && this.editDomain === owner.domainId ? structuredClone(this.edit) : {};
    this.backend.commitZoning({ ...db, ...edit, effectiveCfg: undefined, enabledZones: [] });
    this.close();
  }

  /** Stages an empty database; as on the switch it is refused while a cfg is enabled. */
  clear(owner: LockOwner, fault?: PlannedFault): void {
    if (this.backend.zoning().effectiveCfg !== undefined) {
      throw zoneError('Cannot clear the database while a configuration is effective', EFFECTIVE);
    }
    this.stage(owner, (edit) => Object.assign(edit, { cfgs: {}, zones: {}, aliases: {} }), fault);
  }

  /** Throws the buffer away, including what other users of the same switch staged. Harmless without a transaction. */
  abort(domainId: number): void {
    if (this.edit && this.editDomain !== domainId) throw lockedBy(this.lock?.owner.user ?? 'another switch');
    this.close();
  }

  private open(owner: LockOwner): ZoneEdit {
    if (!this.edit) {
      this.edit = thaw(this.backend.zoning());
      this.editDomain = owner.domainId;
      this.token = integerBetween(this.random, 1, 0x7fffffff);
      const expiresAtMs = this.clock.monotonicMs() + this.limits.lockTimeoutSeconds * 1000;
      this.lock = { owner, token: this.token, expiresAtMs };
    }
    return this.edit;
  }

  private close(): void {
    this.edit = undefined;
    this.lock = undefined;
    this.token = 0;
    this.editDomain = 0;
  }

  private refuseIfLocked(owner: LockOwner, fault: PlannedFault | undefined): void {
    if (fault?.effect.kind === 'lock-held') {
      fault.fired();
      throw lockedBy(fault.effect.by ?? 'admin');
    }
    const lock = this.currentLock();
    if (lock && lock.domainId !== owner.domainId) throw lockedBy(lock.user);
    // The lock of a foreign transaction ran out: the first editor that comes takes over and the old buffer is lost.
    if (this.edit && this.editDomain !== owner.domainId) this.close();
  }

  private checkChecksum(given: unknown, fault: PlannedFault | undefined): void {
    if (fault?.effect.kind === 'checksum-conflict') {
      fault.fired();
      throw zoneError('Zone database checksum mismatch', EFFECTIVE);
    }
    if (typeof given !== 'string' || !/^[0-9a-fA-F]{32}$/.test(given)) {
      throw zoneError('A valid checksum is required', EFFECTIVE);
    }
    if (given.toLowerCase() !== this.checksum()) throw zoneError('Zone database checksum mismatch', EFFECTIVE);
  }
}

function lockedBy(user: string): Error {
  return zoneError(`A zone transaction is in progress, owned by ${user}`);
}

function thaw(db: ZoningDatabase): ZoneEdit {
  const { cfgs, zones, aliases } = structuredClone(db) as unknown as ZoneEdit;
  return { cfgs, zones, aliases };
}

function sizeOf(edit: ZoneEdit): number {
  return canonical(edit).length;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

const IS_ADDRESS = /^([0-9a-f]{2}(:[0-9a-f]{2}){7}|\d+,-?\d+)$/i;

/** True for a WWN or `domain,index`, false for what must be an alias name. */
export function isAddress(member: string): boolean {
  return IS_ADDRESS.test(member);
}

/** What a cfg or zone names must exist when the database is saved; while staging it need not. */
function checkReferences(edit: ZoneEdit): void {
  for (const zoneNames of Object.values(edit.cfgs)) {
    for (const zone of zoneNames) if (!edit.zones[zone]) throw zoneError(`"${zone}" not found`, EFFECTIVE);
  }
  for (const zone of Object.values(edit.zones)) {
    for (const member of [...zone.members, ...zone.principals]) {
      if (!isAddress(member) && !edit.aliases[member]) throw zoneError(`"${member}" not found`, EFFECTIVE);
    }
  }
}

function enable(db: ZoningDatabase, cfg: string): ZoningDatabase {
  const names = db.cfgs[cfg];
  if (!names) throw zoneError(`"${cfg}" not found`, EFFECTIVE);
  if (names.length === 0) throw zoneError(`"${cfg}" has no members`, EFFECTIVE);
  const expand = (members: readonly string[]): string[] => [
    ...new Set(members.flatMap((member) => (isAddress(member) ? [member] : [...(db.aliases[member] ?? [])]))),
  ];
  const enabledZones: StoredZone[] = [];
  for (const name of names) {
    const zone = db.zones[name];
    if (!zone) continue;
    if (zone.members.length + zone.principals.length === 0) throw zoneError(`"${name}" has no members`, EFFECTIVE);
    enabledZones.push({ ...zone, members: expand(zone.members), principals: expand(zone.principals) });
  }
  return { ...db, effectiveCfg: cfg, enabledZones };
}
