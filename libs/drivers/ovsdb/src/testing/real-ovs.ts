import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemClock } from '@rackwright/kernel';

const exec = promisify(execFile);
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

/** Why the real switch cannot run here; undefined when it can. */
export function realOvsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun';
  const programs = ['/usr/sbin/ovsdb-server', '/usr/sbin/ovs-vswitchd', '/usr/bin/ovs-vsctl', SCHEMA];
  const missing = programs.filter((path) => !existsSync(path));
  return missing.length > 0 ? `package openvswitch-switch is missing (${missing.join(', ')})` : undefined;
}

/** A real ovsdb-server and ovs-vswitchd (userspace datapath) in a temporary folder, for specs. */
export class RealOvs {
  private constructor(
    private readonly folder: string,
    readonly tcpPort: number,
    readonly bridge: string,
  ) {}

  static async start(ports: readonly string[]): Promise<RealOvs> {
    const folder = mkdtempSync(join(tmpdir(), 'rw-ovs-'));
    const ovs = new RealOvs(folder, await freePort(), `rwb${process.pid % 100_000}`);
    await ovs.run('ovsdb-tool', ['create', ovs.path('conf.db'), SCHEMA]);
    const remotes = [`--remote=punix:${ovs.path('db.sock')}`, `--remote=ptcp:${ovs.tcpPort}:127.0.0.1`];
    await ovs.run('ovsdb-server', [ovs.path('conf.db'), ...remotes, ...ovs.daemon('db'), '--detach']);
    await ovs.vsctl('--no-wait', 'init');
    await ovs.startDataPlane();
    await ovs.vsctl('add-br', ovs.bridge, '--', 'set', 'bridge', ovs.bridge, 'datapath_type=netdev');
    for (const port of ports) {
      await ovs.vsctl('add-port', ovs.bridge, port, '--', 'set', 'interface', port, 'type=internal');
      await ovs.vsctl('wait-until', 'interface', port, 'ofport>0');
      await ovs.run('ip', ['link', 'set', port, 'up']);
    }
    return ovs;
  }

  async startDataPlane(): Promise<void> {
    await this.run('ovs-vswitchd', [`unix:${this.path('db.sock')}`, ...this.daemon('sw'), '--detach']);
  }

  async stopDataPlane(): Promise<void> {
    await this.run('ovs-appctl', ['-t', this.path('sw.ctl'), 'exit', '--cleanup']).catch(() => undefined);
    const clock = new SystemClock();
    for (let left = 200; left > 0 && existsSync(this.path('sw.pid')); left--) await clock.sleep(20);
  }

  async vsctl(...args: string[]): Promise<string> {
    return (await this.run('ovs-vsctl', ['--timeout=10', `--db=unix:${this.path('db.sock')}`, ...args])).stdout.trim();
  }

  /** MAC addresses that the data plane has learnt on a port, by its own account. */
  async learnt(port: string): Promise<string[]> {
    const number = await this.vsctl('get', 'interface', port, 'ofport');
    const { stdout } = await this.run('ovs-appctl', ['-t', this.path('sw.ctl'), 'fdb/show', this.bridge]);
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    return rows.filter((row) => row[0] === number).map((row) => row[2] ?? '');
  }

  /** Sends one broadcast frame into a port of type internal. */
  async speak(port: string): Promise<void> {
    const script = [
      'import socket,sys',
      's=socket.socket(socket.AF_PACKET,socket.SOCK_RAW)',
      's.bind((sys.argv[1],0))',
      's.send(b"\\xff"*6+bytes.fromhex("020000000001")+b"\\x88\\xb5"+b"x"*50)',
    ];
    await this.run('python3', ['-c', script.join('\n'), port]);
  }

  async stop(): Promise<void> {
    await this.stopDataPlane();
    await this.run('ovs-appctl', ['-t', this.path('db.ctl'), 'exit']).catch(() => undefined);
    for (const name of ['db.pid', 'sw.pid']) {
      if (!existsSync(this.path(name))) continue;
      const pid = Number(readFileSync(this.path(name), 'utf8'));
      if (pid > 1) await this.run('kill', ['-9', String(pid)]).catch(() => undefined);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(program: string, args: readonly string[]): Promise<{ stdout: string }> {
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      OVS_RUNDIR: this.folder,
      OVS_LOGDIR: this.folder,
      OVS_DBDIR: this.folder,
    };
    return exec(program, [...args], { env });
  }

  private path(name: string): string {
    return join(this.folder, name);
  }

  private daemon(name: string): string[] {
    const file = (suffix: string): string => this.path(`${name}.${suffix}`);
    return [
      `--pidfile=${file('pid')}`,
      `--log-file=${file('log')}`,
      `--unixctl=${file('ctl')}`,
      '-vconsole:off',
      '--no-chdir',
    ];
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
