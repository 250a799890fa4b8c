import type { RandomSource } from '@rackwright/kernel';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

/**
 * The file with the key that seals one service's credentials at rest: 64 hex digits, mode 0600, made once. Written whole
 * or not at all: half a key would lock the credentials away for good.
 */
export function masterKeyFile(folder: string, random: RandomSource): string {
  const file = join(folder, 'master.key');
  if (existsSync(file)) return file;
  writeFileSync(`${file}.new`, `${Buffer.from(random.bytes(KEY_BYTES)).toString('hex')}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return file;
}
