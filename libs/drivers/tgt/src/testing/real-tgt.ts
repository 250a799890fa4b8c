import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemClock } from '@rackwright/kernel';

const exec = promisify(execFile);
const clock = new SystemClock();

/** Why the real target daemon cannot run here; undefined when it can. */
export function realTgtMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  const programs = ['/usr/sbin/tgtd', '/usr/sbin/tgtadm', '/usr/bin/iscsi-inq', '/usr/bin/iscsi-perf'];
  const missing = programs.filter((path) => !existsSync(path));
  return missing.length > 0 ? `packages tgt, libiscsi-bin are missing (${missing.join(', ')})` : undefined;
}

/** A real tgtd on a free port with its own control socket, for specs. */
export class RealTgt {
  private readonly clients = new Set<ChildProcess>();

  private constructor(
    private readonly folder: string,
    private readonly daemon: ChildProcess,
    readonly port: number,
    readonly controlPort: number,
  ) {}

  static async start(): Promise<RealTgt> {
    const folder = mkdtempSync(join(tmpdir(), 'rw-tgt-'));
    const port = await freePort();
    const controlPort = (port % 30_000) + 1;
    const args = ['-f', '-C', String(controlPort), '--iscsi', `portal=127.0.0.1:${port}`];
    const daemon = spawn('tgtd', args, {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TGT_IPC_SOCKET: join(folder, 'ipc') },
      stdio: 'ignore',
    });
    const tgt = new RealTgt(folder, daemon, port, controlPort);
    await tgt.waitUntil(() =>
      tgt.admin('--op', 'show', '--mode', 'sys').then(
        () => true,
        () => false,
      ),
    );
    return tgt;
  }

  get ipcSocket(): string {
    return join(this.folder, 'ipc');
  }

  get portal(): string {
    return `127.0.0.1:${this.port}`;
  }

  async admin(...args: string[]): Promise<string> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TGT_IPC_SOCKET: this.ipcSocket };
    return (await exec('tgtadm', ['-C', String(this.controlPort), '--lld', 'iscsi', ...args], { env })).stdout;
  }

  async addVolume(tid: number, name: string): Promise<void> {
    const file = join(this.folder, `disk${tid}.img`);
    writeFileSync(file, '');
    truncateSync(file, 4 * 2 ** 20);
    await this.admin('--op', 'new', '--mode', 'target', '--tid', String(tid), '--targetname', name);
    await this.admin(
      '--op',
      'new',
      '--mode',
      'logicalunit',
      '--tid',
      String(tid),
      '--lun',
      '1',
      '--backing-store',
      file,
    );
  }

  /** Whether the initiator gets the disk, asked by libiscsi. */
  async canReach(iqn: string, target: string, lun: number): Promise<boolean> {
    return exec('iscsi-inq', ['-i', iqn, `iscsi://${this.portal}/${target}/${lun}`], { timeout: 10_000 }).then(
      () => true,
      () => false,
    );
  }

  /** Reads the disk without end; its session stays until it is ended by the daemon or by `end`. */
  async logIn(iqn: string, target: string, lun: number): Promise<{ end(): Promise<void> }> {
    const args = ['-i', iqn, '-r', '-m', '1', `iscsi://${this.portal}/${target}/${lun}`];
    const client = spawn('iscsi-perf', args, { stdio: 'ignore' });
    this.clients.add(client);
    await this.waitUntil(async () =>
      (await this.admin('--op', 'show', '--mode', 'target')).includes(`Initiator: ${iqn} `),
    );
    return {
      end: async () => {
        client.kill('SIGKILL');
        await this.waitUntil(() => Promise.resolve(client.exitCode !== null || client.signalCode !== null));
      },
    };
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.kill('SIGKILL');
    this.daemon.kill('SIGKILL');
    await this.waitUntil(() => Promise.resolve(this.daemon.signalCode !== null || this.daemon.exitCode !== null));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async waitUntil(condition: () => Promise<boolean>): Promise<void> {
    for (let left = 250; left > 0; left--) {
      if (await condition()) return;
      await clock.sleep(20);
    }
    throw new Error('tgtd: a condition was not met in time');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
