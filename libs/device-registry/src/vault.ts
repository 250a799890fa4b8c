import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError, type RandomSource } from '@rackwright/kernel';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

function seal(key: Uint8Array, plain: Uint8Array, place: string, random: RandomSource): Buffer {
  const iv = random.bytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function open(key: Uint8Array, sealed: Buffer, place: string): Buffer {
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES)).setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}

/**
 * Envelope encryption of secrets at rest. Each value has a data key of its own, wrapped by the master key; both are bound
 * to `place` (service, kind and name), so a row swapped with another does not open.
 */
export class Vault {
  constructor(
    private readonly masterKey: Uint8Array,
    private readonly random: RandomSource,
  ) {
    if (masterKey.length !== 32) throw new AppError('vault.bad-master-key', 'the master key must be 32 bytes');
  }

  /** Reads the master key: 64 hex digits in a file that only the service may read. */
  static fromFile(path: string, random: RandomSource): Vault {
    let text: string;
    try {
      text = readFileSync(path, 'utf8').trim();
    } catch (error) {
      throw new AppError('vault.no-master-key', `the master key file ${path} cannot be read`, { cause: error });
    }
    if (!/^[0-9a-f]{64}$/i.test(text)) throw new AppError('vault.bad-master-key', `${path} must hold 64 hex digits`);
    return new Vault(Buffer.from(text, 'hex'), random);
  }

  encrypt(plain: string, place: string): string {
    const dataKey = this.random.bytes(32);
    const wrapped = seal(this.masterKey, dataKey, place, this.random);
    const body = seal(dataKey, Buffer.from(plain, 'utf8'), place, this.random);
    return `v1.${wrapped.toString('base64url')}.${body.toString('base64url')}`;
  }

  /** Throws `vault.cannot-open` when the master key or the place is another one, or the text was changed. */
  decrypt(text: string, place: string): string {
    try {
      const [version, wrapped = '', body = ''] = text.split('.');
      if (version !== 'v1') throw new Error(`unknown format ${version ?? ''}`);
      const dataKey = open(this.masterKey, Buffer.from(wrapped, 'base64url'), place);
      return open(dataKey, Buffer.from(body, 'base64url'), place).toString('utf8');
    } catch (error) {
      throw new AppError('vault.cannot-open', `the secret of ${place} cannot be opened with this master key`, {
        cause: error,
      });
    }
  }
}
