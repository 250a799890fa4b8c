import { SystemRandom } from '@rackwright/kernel';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, failure } from '../exit-code.policy.js';

/** One installation of Rackwright and who is signed in there. */
export interface Context {
  readonly url: string;
  readonly token?: string;
  readonly username?: string;
  readonly expiresAt?: string;
}

export interface Contexts {
  readonly current?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** The contexts on disk: tokens are in it, so nobody but the owner may read it. */
export class ContextFile {
  readonly path: string;

  constructor(private readonly folder: string) {
    this.path = join(folder, 'contexts.json');
  }

  read(): Contexts {
    if (!existsSync(this.path)) return { contexts: {} };
    try {
      const value = JSON.parse(readFileSync(this.path, 'utf8')) as Contexts;
      if (typeof value.contexts === 'object' && value.contexts !== null) return value;
    } catch {
      // Said below.
    }
    throw failure(EXIT.failed, `${this.path} cannot be read`, { action: 'delete it and sign in again' });
  }

  /** Puts the file in place whole, mode 0600 in a folder of mode 0700. */
  write(contexts: Contexts): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const staged = `${this.path}.${Buffer.from(new SystemRandom().bytes(6)).toString('hex')}`;
    writeFileSync(staged, `${JSON.stringify(contexts, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(staged, 0o600);
    renameSync(staged, this.path);
  }

  /** Keeps a context and makes it the current one. */
  keep(name: string, context: Context): void {
    const before = this.read();
    this.write({ current: name, contexts: { ...before.contexts, [name]: context } });
  }
}
