import { AppError } from '@rackwright/kernel';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Where the database lies, which binaries it uses and as whom it runs. */
export interface PostgresPlace {
  readonly folder: string;
  readonly binFolder: string;
  readonly runAs: SystemUser | undefined;
  /** Set when the database could not lie in the data folder: why, for the user to read. */
  readonly movedBecause: string | undefined;
}

export interface PlaceRequest {
  readonly wantedFolder: string;
  /** `native` folder of the embedded PostgreSQL package. */
  readonly nativeFolder: string;
  /** Names the fall-back folder: the same data folder finds its database again. */
  readonly key: string;
  readonly fallbackParent?: string;
}

/**
 * Root cannot run PostgreSQL, and the user it runs as instead may not be able to enter root's folders: then database and
 * binaries lie under /var/tmp, which survives a reboot.
 */
export function placePostgres(request: PlaceRequest): PostgresPlace {
  const binFolder = join(request.nativeFolder, 'bin');
  if (process.getuid?.() !== 0) {
    return { folder: request.wantedFolder, binFolder, runAs: undefined, movedBecause: undefined };
  }
  const runAs = ownerOf(request.wantedFolder) ?? unprivilegedUser();
  const blocked = [request.wantedFolder, request.nativeFolder].map((path) => blockingFolder(path, runAs));
  const [blockedData, blockedBinaries] = blocked;
  // A database that once had to go elsewhere stays there, whatever the folders allow by now.
  const isElsewhere = existsSync(join(fallbackPath(request), 'postgres'));
  if (blockedData === undefined && blockedBinaries === undefined && !isElsewhere) {
    makeOwned(request.wantedFolder, runAs);
    return { folder: request.wantedFolder, binFolder, runAs, movedBecause: undefined };
  }
  const parent = fallbackFolder(request);
  const native = join(parent, 'native');
  if (blockedBinaries !== undefined) copyOnce(request.nativeFolder, native);
  const folder = join(parent, 'postgres');
  makeOwned(folder, runAs);
  return {
    folder,
    binFolder: blockedBinaries === undefined ? binFolder : join(native, 'bin'),
    runAs,
    movedBecause: `the database lies in ${parent}: its user cannot enter ${blockedData ?? blockedBinaries ?? 'the data folder'}`,
  };
}

/** What {@link placePostgres} may have put elsewhere for this key, removed with `--fresh`. */
export function removeFallback(key: string, fallbackParent = '/var/tmp'): void {
  const folder = fallbackPath({ key, fallbackParent });
  if (existsSync(folder) && isOwn(folder)) rmSync(folder, { recursive: true, force: true });
}

/** Whoever made the database goes on with it: started as an ordinary user yesterday and as root today. */
function ownerOf(folder: string): SystemUser | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat === undefined || stat.uid === 0 ? undefined : { uid: stat.uid, gid: stat.gid };
}

function unprivilegedUser(): SystemUser {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
      if (uid > 0) return { uid, gid };
    } catch {
      continue;
    }
  }
  throw new AppError(
    'launcher.no-database-user',
    'root cannot run PostgreSQL, and no user "postgres" or "nobody" exists',
  );
}

function idOf(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim());
}

/** The first existing folder on the way to `path` that `user` may not enter. */
export function blockingFolder(path: string, user: SystemUser): string | undefined {
  const parents = [dirname(path)];
  while (dirname(parents[0] as string) !== parents[0]) parents.unshift(dirname(parents[0] as string));
  return parents.find((folder) => {
    const stat = statSync(folder, { throwIfNoEntry: false });
    // What does not exist yet is made by us, with a mode that lets the user in only if it is not the data folder itself.
    if (stat === undefined) return false;
    const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
    return (stat.mode & bit) === 0;
  });
}

function makeOwned(folder: string, user: SystemUser): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  execFileSync('chown', [`${user.uid}:${user.gid}`, folder]);
}

function isOwn(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && stat.uid === process.getuid?.();
}

function fallbackPath({ key, fallbackParent = '/var/tmp' }: Pick<PlaceRequest, 'key' | 'fallbackParent'>): string {
  return join(fallbackParent, `rackwright-${key}`);
}

function fallbackFolder(request: PlaceRequest): string {
  const folder = fallbackPath(request);
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o711 });
  // Anybody can make names in /var/tmp: a folder or link of somebody else's is not ours to use.
  if (!isOwn(folder)) throw new AppError('launcher.folder-taken', `${folder} belongs to somebody else; remove it`);
  return folder;
}

function copyOnce(from: string, to: string): void {
  const done = `${to}.complete`;
  if (existsSync(done)) return;
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', to]);
  mkdirSync(done);
}
