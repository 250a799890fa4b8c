import { createHash, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { RandomSource } from '@rackwright/kernel';

const COST = { N: 2 ** 15, r: 8, p: 1 } as const;
const KEY_BYTES = 32;

/** Hash of a password, with salt and cost in the text so that the cost may be raised later. */
export async function hashPassword(password: string, random: RandomSource): Promise<string> {
  const salt = Buffer.from(random.bytes(16));
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join('$');
}

/** Compares in constant time; false for anything that is not such a hash. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, n, r, p, salt = '', key = ''] = hash.split('$');
  if (scheme !== 'scrypt') return false;
  const expected = Buffer.from(key, 'base64');
  const given = await derive(password, Buffer.from(salt, 'base64'), { N: Number(n), r: Number(r), p: Number(p) });
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** A bearer token: 256 random bits behind a prefix that tells what it is (and secret scanners). */
export function newToken(prefix: 'rws' | 'rwt', random: RandomSource): string {
  return `${prefix}_${Buffer.from(random.bytes(32)).toString('base64url')}`;
}

/** Tokens have enough entropy of their own: a plain hash is as good as a slow one, and every request makes one. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function derive(password: string, salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r };
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}
