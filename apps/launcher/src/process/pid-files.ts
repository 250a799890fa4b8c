import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processIdentity, type ProcessRecord } from './process-identity.js';

/** One file for each running child, so that a launcher that was killed leaves a list of what it left behind. */
export class PidFiles {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Written at once after the start: between start and this line a kill would leave an unknown process. */
  write(name: string, pid: number): void {
    const identity = processIdentity(pid);
    if (identity === undefined) return;
    const record: ProcessRecord = { name, pid, identity };
    writeFileSync(this.pathOf(name), JSON.stringify(record), { mode: 0o600 });
  }

  remove(name: string): void {
    rmSync(this.pathOf(name), { force: true });
  }

  /** Everything written down; files that cannot be read are of a crash in the middle of writing and are dropped. */
  list(): ProcessRecord[] {
    const names = readdirSync(this.folder).filter((file) => file.endsWith('.json'));
    return names.flatMap((file) => {
      try {
        return [JSON.parse(readFileSync(join(this.folder, file), 'utf8')) as ProcessRecord];
      } catch {
        rmSync(join(this.folder, file), { force: true });
        return [];
      }
    });
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}
