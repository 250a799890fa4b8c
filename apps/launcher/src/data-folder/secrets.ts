import type { RandomSource } from '@rackwright/kernel';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

interface Stored {
  /** By purpose: `postgres`, `role/<service>`, `nkey/<service>`. */
  readonly passwords: Record<string, string>;
  /** The first administrator's password, until it has been shown. */
  firstLogin?: string;
}

/** Generated passwords and keys, made when first asked for and kept in one file that only its owner reads. */
export class Secrets {
  private readonly stored: Stored;

  constructor(
    private readonly file: string,
    private readonly random: RandomSource,
  ) {
    this.stored = readStored(file) ?? { passwords: {} };
  }

  /** The secret for one purpose; the same on every start. */
  get(purpose: string): string {
    return this.getOrMake(purpose, () => Buffer.from(this.random.bytes(24)).toString('base64url'));
  }

  getOrMake(purpose: string, make: () => string): string {
    const known = this.stored.passwords[purpose];
    if (known !== undefined) return known;
    const made = make();
    this.stored.passwords[purpose] = made;
    this.save();
    return made;
  }

  /** A password for people: no letters that look alike. Kept until {@link forgetFirstLogin}, should a start break off. */
  firstLogin(): string {
    if (this.stored.firstLogin === undefined) {
      const letters = 'abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ234679';
      const text = [...this.random.bytes(20)].map((byte) => letters[byte % letters.length]).join('');
      this.stored.firstLogin = (text.match(/.{5}/g) ?? []).join('-');
      this.save();
    }
    return this.stored.firstLogin;
  }

  forgetFirstLogin(): void {
    delete this.stored.firstLogin;
    this.save();
  }

  private save(): void {
    const staged = `${this.file}.new`;
    writeFileSync(staged, JSON.stringify(this.stored, undefined, 2), { mode: 0o600 });
    renameSync(staged, this.file);
  }
}

function readStored(file: string): Stored | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stored;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
