import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { candidateSources, parseSources } from './debian.mjs';
import { isRecentEnough, resolveNatsServer } from './resolve.mjs';

describe('finding a nats-server', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rw-nats-server-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function server(place: string, version: string): string {
    const path = join(folder, place, 'nats-server');
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  const resolve = (env: Record<string, string>): Promise<string> => resolveNatsServer({ projectRoot: folder, env });

  it('takes the named one before all others', async () => {
    const named = server('named', '2.10.27');
    server('path', '2.11.0');
    expect(await resolve({ NATS_SERVER: named, PATH: join(folder, 'path') })).toBe(named);
  });

  it('refuses a named one that is too old or does not start', async () => {
    const code = 'tools.nats-server-missing';
    await expect(resolve({ NATS_SERVER: server('old', '2.2.0') })).rejects.toMatchObject({ code });
    await expect(resolve({ NATS_SERVER: join(folder, 'none') })).rejects.toMatchObject({ code });
  });

  it('passes over one on the path that is too old for the copy of the project', async () => {
    server('path', '2.2.0');
    const cached = server('.rackwright/tools', '2.10.27');
    expect(await resolve({ PATH: join(folder, 'path') })).toBe(cached);
  });

  it('compares versions by number', () => {
    expect(isRecentEnough('2.10.2', '2.9.10')).toBe(true);
    expect(isRecentEnough('2.9.9', '2.9.10')).toBe(false);
    expect(isRecentEnough('2.9.10', '2.9.10')).toBe(true);
  });
});

describe('the package sources to try', () => {
  const oneLine = 'deb [signed-by=/k.gpg] http://deb.debian.org/debian bookworm main\n# deb http://x/debian y main\n';
  const stanza = [
    'Types: deb',
    '# a snapshot',
    'URIs: http://deb.debian.org/debian',
    'Suites: bookworm bookworm-updates',
    'Components: main contrib',
    'Signed-By: /k.gpg',
    '',
    'Types: deb',
    'Enabled: no',
    'URIs: http://other.example/debian',
    'Suites: bookworm',
    'Components: main',
  ].join('\n');

  it('are read in both forms', () => {
    const uri = 'http://deb.debian.org/debian';
    expect(parseSources(oneLine)).toEqual([{ uri, suite: 'bookworm', components: ['main'], signedBy: '/k.gpg' }]);
    const components = ['main', 'contrib'];
    expect(parseSources(stanza)).toEqual([
      { uri, suite: 'bookworm', components, signedBy: '/k.gpg' },
      { uri, suite: 'bookworm-updates', components, signedBy: '/k.gpg' },
    ]);
  });

  it('are the newer suites of the same mirror, then what the machine has', () => {
    const suites = candidateSources(parseSources(stanza)).map(({ suite }) => suite);
    expect(suites).toEqual(['sid', 'forky', 'trixie', 'bookworm']);
  });

  it('are only its own on a machine without a Debian mirror', () => {
    const ubuntu = parseSources('deb http://archive.ubuntu.com/ubuntu noble main universe\n');
    expect(candidateSources(ubuntu).map(({ suite }) => suite)).toEqual(['noble']);
  });
});
