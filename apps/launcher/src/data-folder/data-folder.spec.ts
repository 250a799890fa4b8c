import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@rackwright/kernel';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolder } from './data-folder.js';
import { InstanceLock } from './instance-lock.js';
import { Secrets } from './secrets.js';

describe('the data folder', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'rw-data-'));
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is made on the first start and recognised on the next', () => {
    const path = join(parent, 'data');
    new DataFolder(path).open();
    new DataFolder(path).open();
    expect(new DataFolder(path).isSetUp).toBe(false);
    new DataFolder(path).markSetUp();
    expect(new DataFolder(path).isSetUp).toBe(true);
  });

  it('does not touch a folder that holds other files', () => {
    writeFileSync(join(parent, 'thesis.txt'), 'ten years of work');
    const folder = new DataFolder(parent);
    expect(() => folder.open()).toThrow(expect.objectContaining({ code: 'launcher.not-a-data-folder' }));
    expect(() => folder.clear()).toThrow(expect.objectContaining({ code: 'launcher.not-a-data-folder' }));
    expect(readFileSync(join(parent, 'thesis.txt'), 'utf8')).toBe('ten years of work');
  });

  it('begins anew when cleared, under the same lock', () => {
    const folder = new DataFolder(join(parent, 'data'));
    folder.open();
    folder.markSetUp();
    const lock = InstanceLock.take(folder.lockFile);
    folder.clear();
    expect(folder.isSetUp).toBe(false);
    expect(() => InstanceLock.take(folder.lockFile)).toThrow(
      expect.objectContaining({ code: 'launcher.already-running' }),
    );
    lock.release();
  });

  it('refuses a second launcher with the address of the first', () => {
    const file = join(parent, 'launcher.json');
    const lock = InstanceLock.take(file);
    lock.publish('http://127.0.0.1:7480');
    expect(() => InstanceLock.take(file)).toThrow(
      expect.objectContaining({ details: { address: 'http://127.0.0.1:7480', pid: process.pid } }),
    );
    lock.release();
    InstanceLock.take(file).release();
  });

  it('takes the lock over from a launcher that is gone', () => {
    const file = join(parent, 'launcher.json');
    writeFileSync(
      file,
      JSON.stringify({ name: 'launcher', pid: process.pid, identity: 'an earlier boot/1', address: '' }),
    );
    InstanceLock.take(file).release();
  });

  it('keeps generated secrets, readable by the owner alone', () => {
    const file = join(parent, 'secrets.json');
    const first = new Secrets(file, new SeededRandom(1)).get('postgres');
    expect(new Secrets(file, new SeededRandom(2)).get('postgres')).toBe(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps the first password only until it has been shown', () => {
    const file = join(parent, 'secrets.json');
    const secrets = new Secrets(file, new SeededRandom(1));
    const password = secrets.firstLogin();
    expect(new Secrets(file, new SeededRandom(2)).firstLogin()).toBe(password);
    secrets.forgetFirstLogin();
    expect(readFileSync(file, 'utf8')).not.toContain(password);
  });
});
