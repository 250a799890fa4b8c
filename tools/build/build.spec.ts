import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const APP = `
import 'reflect-metadata';
import { greeting } from '@rackwright/words';
const Injectable = (): ClassDecorator => () => undefined;
@Injectable() class Engine {}
@Injectable() class Car { constructor(readonly engine: Engine) {} }
const [injected] = Reflect.getMetadata('design:paramtypes', Car) as { name: string }[];
console.log(greeting + injected?.name);
`;

/** Builds a small project of its own with the real tool, in a process of its own as it is always run. */
describe('the build', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rw-build-'));
    write('apps/car/src/main.ts', APP);
    write('apps/later/package.json', '{}');
    write('libs/words/src/index.ts', "export const greeting: string = 'built with ';\n");
    for (const file of ['package.json', 'package-lock.json', '.swcrc']) cpSync(join(PROJECT, file), join(root, file));
    cpSync(join(PROJECT, 'tools/build'), join(root, 'tools/build'), { recursive: true });
    symlinkSync(join(PROJECT, 'node_modules'), join(root, 'node_modules'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  function run(...args: string[]): { stdout: string; stderr: string; status: number | null } {
    return spawnSync(
      process.execPath,
      args.map((arg) => join(root, arg)),
      { cwd: root, encoding: 'utf8' },
    );
  }

  it('makes one program of each app that has an entry, decorator metadata included', () => {
    expect(run('tools/build/build.mjs')).toMatchObject({ stderr: '', status: 0 });
    expect(run('dist/apps/car.mjs').stdout).toBe('built with Engine\n');
    expect(existsSync(join(root, 'dist/apps/later.mjs'))).toBe(false);
  });

  it('does nothing when nothing has changed, and builds again when a library has', () => {
    run('tools/build/build.mjs');
    expect(run('tools/build/build.mjs').stdout).toContain('unchanged');
    write('libs/words/src/index.ts', "export const greeting: string = 'now with ';\n");
    expect(run('tools/build/build.mjs').stdout).toContain('built');
    expect(run('dist/apps/car.mjs').stdout).toBe('now with Engine\n');
  });

  it('says in which file it broke, and is not taken for done afterwards', () => {
    write('libs/words/src/index.ts', 'export const farewell = 1;\n');
    const broken = run('tools/build/build.mjs');
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain('apps/car/src/main.ts');
    expect(existsSync(join(root, 'dist/apps/.inputs'))).toBe(false);
  });

  it('refuses a Node that is too old in plain words', () => {
    const fake = "Object.defineProperty(process.versions, 'node', { value: '18.20.1' });";
    const check = join(PROJECT, 'tools/check-node.cjs');
    const refused = spawnSync(process.execPath, ['-e', `${fake} require(${JSON.stringify(check)})`], {
      encoding: 'utf8',
    });
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('this is Node 18.20.1') });
    expect(readFileSync(check, 'utf8')).not.toMatch(/=>|`|\b(const|let|import)\b [a-z{]/);
  });
});
