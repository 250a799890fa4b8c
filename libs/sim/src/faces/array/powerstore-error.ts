import type { HttpAnswer } from '../device-http.js';
import type { ArrayRefusalReason } from './array-backend.js';

/** Thrown inside the face and turned into a `messages` body at its edge. */
export class PowerStoreRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly args: readonly string[] = [],
  ) {
    super(message);
  }

  answer(): HttpAnswer {
    const messages = [{ code: this.code, severity: 'Error', message_l10n: this.message, arguments: this.args }];
    return { status: this.status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ messages }) };
  }
}

/** Codes found in public client code; those marked `assumed` are ours and stand for a code nobody published. */
export const CODES = {
  instanceNotFound: '0xE04040020009',
  badRange: '0xE04040010005',
  noSuchVolume: '0xE0A08001000E',
  notMapped: '0xE0A08001000F',
  volumeAttached: '0xE0A080020001',
  noSuchHost: '0xE0A010010003',
  notAuthenticated: '0xE09040030001', // assumed
  forbidden: '0xE09040030003', // assumed
  badRequest: '0xE04040010001', // assumed
  notAllowed: '0xE04040030001', // assumed
  unavailable: '0xE04040040001', // assumed
  hostNameInUse: '0xE0A010010008', // assumed
  initiatorInUse: '0xE0A010010012', // assumed
  noSuchInitiator: '0xE0A010010013', // assumed
  hostHasVolumes: '0xE0A010010016', // assumed
  lunInUse: '0xE0A080010021', // assumed
  alreadyAttached: '0xE0A080010022', // assumed
} as const;

/** A refusal of the array's own rules: 422, or 404 when the thing itself is missing. */
export function refusalOf(reason: ArrayRefusalReason, subject: string): PowerStoreRefusal {
  switch (reason) {
    case 'no-such-host':
      return new PowerStoreRefusal(404, CODES.noSuchHost, `No host object found for ID: ${subject}`, [subject]);
    case 'no-such-volume':
      return new PowerStoreRefusal(404, CODES.noSuchVolume, `Could not find the volume with ID: ${subject}`, [subject]);
    case 'name-in-use':
      return new PowerStoreRefusal(422, CODES.hostNameInUse, 'The host name is already in use', [subject]);
    case 'initiator-in-use':
      return new PowerStoreRefusal(422, CODES.initiatorInUse, 'An initiator belongs to another host', [subject]);
    case 'no-such-initiator':
      return new PowerStoreRefusal(422, CODES.noSuchInitiator, 'An initiator does not belong to the host', [subject]);
    case 'lun-in-use':
      return new PowerStoreRefusal(422, CODES.lunInUse, 'The logical unit number is already in use', [subject]);
    case 'already-mapped':
      return new PowerStoreRefusal(422, CODES.alreadyAttached, 'The volume is already attached to the host', [subject]);
    case 'not-mapped':
      return new PowerStoreRefusal(422, CODES.notMapped, `Unable to find a host volume matching ${subject}`, [subject]);
    case 'host-has-mappings':
      return new PowerStoreRefusal(422, CODES.hostHasVolumes, 'The host has attached volumes', [subject]);
    case 'volume-is-mapped':
      return new PowerStoreRefusal(422, CODES.volumeAttached, 'The volume is attached to a host', [subject]);
  }
}

export function badRequest(message: string): PowerStoreRefusal {
  return new PowerStoreRefusal(400, CODES.badRequest, message);
}

export function notFound(what: string): PowerStoreRefusal {
  return new PowerStoreRefusal(404, CODES.instanceNotFound, `Instance was not found: ${what}`, [what]);
}
