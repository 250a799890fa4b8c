import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freshDatabase, urlOf, type TestDatabase } from '@rackwright/testing';
import { processesOf } from '../../e2e/instance/processes.js';
import type { Reply } from './reply.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BUILD = `
const { bundle } = await import(process.argv[1]);
await bundle({ root: process.argv[2], entries: { launcher: 'apps/launcher/src/main.ts' }, outdir: process.argv[3] });
`;
const OLD_NODE = "Object.defineProperty(process.versions, 'node', { value: '18.20.1' });\n";

/** Starts of Rackwright that cannot succeed, each as a process of its own, on a data folder somebody cares about. */
export class StartAttempts {
  private constructor(
    /** Holds the program, so it lies where its packages are found. */
    private readonly programFolder: string,
    private readonly folder: string,
    private readonly databases: TestDatabase,
    private readonly neighbour: Server,
  ) {}

  static async prepare(): Promise<StartAttempts> {
    mkdirSync(join(ROOT, '.rackwright'), { recursive: true });
    const programFolder = mkdtempSync(join(ROOT, '.rackwright', 'bad-input-'));
    const bundler = pathToFileURL(join(ROOT, 'tools/build/bundle.mjs')).href;
    execFileSync(process.execPath, ['--input-type=module', '-e', BUILD, bundler, ROOT, programFolder]);
    const folder = mkdtempSync(join(tmpdir(), 'rw-bad-input-'));
    writeFileSync(join(folder, 'old-node.cjs'), OLD_NODE);
    keepSomething(join(folder, 'kept'));
    const neighbour = createServer();
    await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
    return new StartAttempts(programFolder, folder, await freshDatabase(), neighbour);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.neighbour.close(resolve));
    await this.databases.drop();
    rmSync(this.programFolder, { recursive: true });
    rmSync(this.folder, { recursive: true });
  }

  /** Every file in reach of the attempts with what is in it, and what runs on their data folders. */
  state(): { readonly files: Record<string, string>; readonly running: readonly number[] } {
    return { files: contentOf(this.folder), running: processesOf(this.folder) };
  }

  /** `npm start -- --port N` with N in use: first on a new data folder, then with `--fresh` on one that is full. */
  onBusyPort(): Promise<Reply> {
    const { port } = this.neighbour.address() as AddressInfo;
    return this.startTwice(['--port', String(port)]);
  }

  /** `DATABASE_URL` names a database its server does not have. */
  onMissingDatabase(): Promise<Reply> {
    return this.startTwice([], { DATABASE_URL: urlOf(this.databases.adminUrl, { database: 'nobody_made_this' }) });
  }

  /** `DATABASE_URL` names a server that is not there. */
  onMissingServer(): Promise<Reply> {
    // Nobody can listen on port 1 without being noticed: it is reserved for a protocol that died out.
    return this.startTwice([], { DATABASE_URL: urlOf(this.databases.adminUrl, { port: 1 }) });
  }

  /** The whole command of `npm start`, on a Node that says it is an old one. */
  onOldNode(): Promise<Reply> {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    const [node, ...args] = scripts.start.split(' ');
    if (node !== 'node') throw new Error(`npm start does not begin with node: ${scripts.start}`);
    const old = ['-r', join(this.folder, 'old-node.cjs'), ...args];
    return this.run([...old, '--data-dir', join(this.folder, 'kept'), '--fresh'], {});
  }

  private async startTwice(args: readonly string[], environment: Record<string, string> = {}): Promise<Reply> {
    const launcher = join(this.programFolder, 'launcher.mjs');
    const first = await this.run([launcher, ...args, '--data-dir', join(this.folder, 'new')], environment);
    const second = await this.run([launcher, ...args, '--data-dir', join(this.folder, 'kept'), '--fresh'], environment);
    if (second.text !== first.text) throw new Error(`said differently: ${first.text} and ${second.text}`);
    return second;
  }

  private run(args: readonly string[], environment: Record<string, string>): Promise<Reply> {
    const env = { RACKWRIGHT_PROJECT_ROOT: ROOT, ...environment };
    const child = spawn(process.execPath, [...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()));
    return new Promise((resolve) => {
      child.once('close', (code) => resolve({ status: code ?? -1, codes: [], places: [], actions: [], text }));
    });
  }
}

/** A data folder as a completed start leaves it, as far as a launcher looks before it starts anything. */
function keepSomething(folder: string): void {
  const files = {
    'rackwright-data.json': '{"layout":1,"setUp":true}\n',
    'secrets.json': '{"passwords":{"postgres":"x"}}',
    'postgres/PG_VERSION': '18\n',
    'nats/jetstream/kept': 'events\n',
    'services/power/master.key': 'ab\n',
    'logs/gateway.log': '{}\n',
    'run/.kept': '',
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return [name, 'folder'];
      return [name, createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}
