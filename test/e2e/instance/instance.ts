import { RackwrightClient } from '@rackwright/client';
import { AppError, SystemClock, SystemRandom } from '@rackwright/kernel';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { launcherEnvironment, projectRoot } from './instance.config.js';
import { SimulatedWorld } from './simulated-world.js';

export interface InstanceOptions {
  /** Kept by the caller; as root it must be passable for the user the database runs as. */
  readonly dataFolder: string;
  /** How much faster simulated time goes. */
  readonly scale: number;
  /** Site file; default the example site, with the examples described. */
  readonly site?: string;
  readonly readyWithinMs?: number;
}

const OUTPUT_KEPT = 60;
const STOPPED_WITHIN_MS = 30_000;
const clock = new SystemClock();

/** A whole Rackwright under its launcher, as `npm start` runs it: real processes, real servers, a data folder of its own. */
export class Instance {
  private readonly output: string[] = [];
  private exitCode: number | undefined;

  private constructor(
    readonly options: InstanceOptions,
    readonly address: string,
    private readonly adminPassword: string,
    private readonly launcher: ChildProcess,
  ) {
    for (const stream of [launcher.stdout, launcher.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.keep(chunk.toString('utf8')));
    }
    launcher.once('exit', (code) => (this.exitCode = code ?? -1));
  }

  /** Resolves when the site is described and everything is ready. @throws AppError with the launcher's last lines */
  static async start(options: InstanceOptions): Promise<Instance> {
    const port = await freePort();
    const adminPassword = Buffer.from(new SystemRandom().bytes(18)).toString('base64url');
    const args = [
      ...['--enable-source-maps', join(projectRoot(), 'dist', 'apps', 'launcher.mjs'), '--quiet'],
      ...['--data-dir', options.dataFolder, '--port', String(port), '--scale', String(options.scale)],
      ...(options.site === undefined ? [] : ['--site', options.site]),
    ];
    const launcher = spawn(process.execPath, args, {
      cwd: projectRoot(),
      env: launcherEnvironment(adminPassword, options.scale),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in the terminal reaches this program alone, which then stops the launcher in good order.
      detached: true,
    });
    const instance = new Instance(options, `http://127.0.0.1:${port}`, adminPassword, launcher);
    try {
      await instance.until(() => instance.isSetUp(), options.readyWithinMs ?? 180_000, 'everything is ready');
      if (!existsSync(join(options.dataFolder, 'seeded.json'))) {
        throw new AppError('e2e.not-seeded', `the site was not described to the API\n${instance.lastLines}`);
      }
    } catch (error) {
      await instance.stop();
      throw error;
    }
    return instance;
  }

  /** The launcher's last lines. */
  get lastLines(): string {
    return this.output.join('').split('\n').slice(-OUTPUT_KEPT).join('\n');
  }

  get dataFolder(): string {
    return this.options.dataFolder;
  }

  async signIn(): Promise<RackwrightClient> {
    const anonymous = RackwrightClient.to({ url: this.address, retriesMax: 8 });
    const { token } = await anonymous.signIn('admin', this.adminPassword);
    return anonymous.withToken(token);
  }

  /** The truth behind the devices. Found anew after each restart of the simulator. */
  world(): SimulatedWorld {
    return SimulatedWorld.ofDataFolder(this.dataFolder);
  }

  /** Polls a condition; looks that throw count as no. @throws AppError `e2e.waited-in-vain`, `e2e.launcher-ended` */
  async until(condition: () => Promise<boolean> | boolean, withinMs: number, what: string): Promise<void> {
    const startedMs = clock.monotonicMs();
    let last: unknown;
    while (clock.monotonicMs() - startedMs < withinMs) {
      if (this.exitCode !== undefined) {
        throw new AppError('e2e.launcher-ended', `the launcher ended (exit code ${this.exitCode})\n${this.lastLines}`);
      }
      try {
        if (await condition()) return;
      } catch (error) {
        last = error;
      }
      await clock.sleep(100);
    }
    throw new AppError('e2e.waited-in-vain', `not within ${withinMs / 1000} s: ${what}\n${this.lastLines}`, {
      cause: last,
    });
  }

  /** Ctrl-C and wait; repeatable. */
  async stop(): Promise<void> {
    if (this.exitCode !== undefined) return;
    const ended = new Promise<void>((resolve) => this.launcher.once('exit', () => resolve()));
    this.launcher.kill('SIGINT');
    const timer = clock.setTimer(STOPPED_WITHIN_MS, () => this.launcher.kill('SIGKILL'));
    await ended;
    timer.cancel();
  }

  private isSetUp(): boolean {
    const marker = JSON.parse(readFileSync(join(this.dataFolder, 'rackwright-data.json'), 'utf8')) as {
      setUp: boolean;
    };
    return marker.setUp;
  }

  private keep(text: string): void {
    this.output.push(text);
    if (this.output.length > 2000) this.output.splice(0, 1000);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
