import type { FaultEffect } from '../../face.js';
import type { FabricBackend, OpenZoneTransaction, ZoneEdit, ZoningDatabase, ZoningRefusal } from './fabric-backend.js';
import { zoneError, type FosRefusal } from './fos-error.js';

const EFFECTIVE = '/effective-configuration/';

/**
 * Zoning in the words of FOS: one transaction per fabric. A lock taken through one switch keeps the others out; edits
 * through the same switch land in the same buffer, whoever sends them. A failed commit leaves the transaction open.
 */
export class ZoneTransactions {
  constructor(
    private readonly backend: FabricBackend,
    readonly dbMaxBytes: number,
  ) {}

  defined(): ZoneEdit {
    return this.backend.defined();
  }

  committed(): ZoningDatabase {
    return this.backend.zoning();
  }

  checksum(): string {
    return this.backend.checksum();
  }

  open(): OpenZoneTransaction | undefined {
    return this.backend.transaction();
  }

  sizes(): { committed: number; transaction: number; available: number } {
    const { cfgs, zones, aliases } = this.backend.zoning();
    const committed = sizeOf({ cfgs, zones, aliases });
    const open = this.open();
    return {
      committed,
      transaction: open && open.owned !== 'elsewhere' ? sizeOf(this.backend.defined()) : 0,
      available: Math.max(0, this.dbMaxBytes - committed),
    };
  }

  stage(change: (edit: ZoneEdit) => void, fault?: FaultEffect): void {
    refuseIfLocked(fault);
    orRefuse(
      this.backend.stage((edit) => {
        change(edit);
        if (sizeOf(edit) > this.dbMaxBytes) throw zoneError('The zone database is too large');
      }),
    );
  }

  /** Saves the edit; with `enable` also makes that cfg effective, with `disable` none. */
  commit(want: { checksum: unknown; enable?: string; disable?: boolean }, fault?: FaultEffect): void {
    refuseIfLocked(fault);
    const checksum = readChecksum(want.checksum, fault);
    if (want.disable && this.backend.zoning().effectiveCfg === undefined) {
      throw zoneError('No effective configuration', EFFECTIVE);
    }
    if (fault?.kind === 'commit-half-way') {
      // Seen on segmented fabrics: the defined part is on every switch, the activation is not.
      orRefuse(this.backend.save({ checksum }));
      throw zoneError('The commit failed on a remote switch', EFFECTIVE);
    }
    orRefuse(
      this.backend.save({
        checksum,
        ...(want.enable === undefined ? {} : { enable: want.enable }),
        ...(want.disable ? { disable: true } : {}),
      }),
    );
  }

  /** Stages an empty database; as on the switch it is refused while a cfg is enabled. */
  clear(fault?: FaultEffect): void {
    if (this.backend.zoning().effectiveCfg !== undefined) {
      throw zoneError('Cannot clear the database while a configuration is effective', EFFECTIVE);
    }
    this.stage((edit) => Object.assign(edit, { cfgs: {}, zones: {}, aliases: {} }), fault);
  }

  /** Throws the buffer away, including what other users of the same switch staged. Harmless without a transaction. */
  abort(): void {
    const refusal = this.backend.abort();
    if (refusal && refusal.why !== 'no-transaction') throw refused(refusal);
  }
}

function refuseIfLocked(fault: FaultEffect | undefined): void {
  if (fault?.kind !== 'lock-held') return;
  throw refused({ why: 'locked', by: fault.by ?? 'admin' });
}

function readChecksum(given: unknown, fault: FaultEffect | undefined): string {
  if (fault?.kind === 'checksum-conflict') {
    throw refused({ why: 'checksum-mismatch' });
  }
  if (typeof given === 'string' && /^[0-9a-fA-F]{32}$/.test(given)) return given.toLowerCase();
  throw zoneError('A valid checksum is required', EFFECTIVE);
}

function orRefuse(refusal: ZoningRefusal | undefined): void {
  if (refusal) throw refused(refusal);
}

function refused(refusal: ZoningRefusal): FosRefusal {
  switch (refusal.why) {
    case 'locked':
      return zoneError(`A zone transaction is in progress, owned by ${refusal.by}`);
    case 'checksum-mismatch':
      return zoneError('Zone database checksum mismatch', EFFECTIVE);
    case 'no-transaction':
      return zoneError('Nothing changed: nothing to save', EFFECTIVE);
    case 'not-found':
      return zoneError(`"${refusal.name}" not found`, EFFECTIVE);
    case 'empty':
      return zoneError(`"${refusal.name}" has no members`, EFFECTIVE);
  }
}

function sizeOf(edit: unknown): number {
  return JSON.stringify(edit).length;
}

const IS_ADDRESS = /^([0-9a-f]{2}(:[0-9a-f]{2}){7}|\d+,-?\d+)$/i;

/** True for a WWN or `domain,index`, false for what must be an alias name. */
export function isAddress(member: string): boolean {
  return IS_ADDRESS.test(member);
}
