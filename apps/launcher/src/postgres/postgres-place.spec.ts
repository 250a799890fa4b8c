import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockingFolder, placePostgres } from './postgres-place.js';

const stranger = { uid: 65_533, gid: 65_533 };

describe('the place of the database', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'rw-place-'));
    chmodSync(parent, 0o755);
    mkdirSync(join(parent, 'closed', 'data'), { recursive: true });
    chmodSync(join(parent, 'closed'), 0o700);
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is blocked by the first folder that the database user cannot enter', () => {
    expect(blockingFolder(join(parent, 'closed', 'data', 'postgres'), stranger)).toBe(join(parent, 'closed'));
  });

  it('is not blocked by a folder that can be entered but not listed', () => {
    chmodSync(join(parent, 'closed'), 0o711);
    expect(blockingFolder(join(parent, 'closed', 'data', 'postgres'), stranger)).toBeUndefined();
  });

  it('is the data folder when its user can get there, and a folder of its own under root when not', () => {
    const place = (folder: string) =>
      placePostgres({ wantedFolder: folder, nativeFolder: join(parent, 'native'), key: 'k', fallbackParent: parent });
    mkdirSync(join(parent, 'native', 'bin'), { recursive: true });
    const open = join(parent, 'open', 'postgres');
    mkdirSync(join(parent, 'open'), { mode: 0o711 });
    expect(place(open)).toMatchObject({ folder: open, movedBecause: undefined });
    const closed = join(parent, 'closed', 'data', 'postgres');
    const isRoot = process.getuid?.() === 0;
    const moved = { folder: join(parent, 'rackwright-k', 'postgres'), movedBecause: expect.stringContaining('closed') };
    expect(place(closed)).toMatchObject(isRoot ? moved : { folder: closed, movedBecause: undefined });
    // Once there, always there: the database must not be lost when somebody opens the folder later.
    if (isRoot) chmodSync(join(parent, 'closed'), 0o755);
    if (isRoot) expect(place(closed).folder).toBe(moved.folder);
  });
});
