import { join } from 'node:path';
import { attempt, freePort, run } from './commands.js';
import { inNamespace } from './network.js';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
export const BRIDGE = 'rack0';

/** Open vSwitch, userspace data path, in a namespace of its own: two racks share neither links nor `ovs-netdev`. */
export class OpenVSwitch {
  private constructor(
    private readonly folder: string,
    private readonly env: Readonly<Record<string, string>>,
    /** OVSDB over TCP on the loopback of the machine. */
    readonly tcpPort: number,
  ) {}

  static async start(folder: string, namespace: string, env: Readonly<Record<string, string>>): Promise<OpenVSwitch> {
    const folders = { OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder };
    const ovs = new OpenVSwitch(folder, { ...env, ...folders }, await freePort());
    await ovs.tool(['ovsdb-tool', 'create', ovs.path('conf.db'), SCHEMA]);
    const remotes = [`--remote=punix:${ovs.path('db.sock')}`, `--remote=ptcp:${ovs.tcpPort}:127.0.0.1`];
    await ovs.tool(['ovsdb-server', ovs.path('conf.db'), ...remotes, ...ovs.daemon('db')]);
    await ovs.vsctl('--no-wait', 'init');
    await ovs.tool(inNamespace(namespace, ['ovs-vswitchd', `unix:${ovs.path('db.sock')}`, ...ovs.daemon('switch')]));
    await ovs.vsctl('add-br', BRIDGE, '--', 'set', 'bridge', BRIDGE, 'datapath_type=netdev');
    return ovs;
  }

  /** Asks or changes the switch with Open vSwitch's own tool. */
  vsctl(...args: string[]): Promise<string> {
    return this.tool(['ovs-vsctl', '--timeout=10', `--db=unix:${this.path('db.sock')}`, ...args]);
  }

  /** Plugs a cable in, in this VLAN only. */
  async plug(port: string, vlan: number): Promise<void> {
    await this.vsctl('add-port', BRIDGE, port, `tag=${vlan}`, 'vlan_mode=access');
    await this.vsctl('wait-until', 'interface', port, 'ofport>0');
  }

  /** Where the data plane has seen a MAC, by its own table: `port/vlan`; undefined when nowhere. */
  async whereIs(mac: string): Promise<string | undefined> {
    const { stdout } = await attempt(['ovs-appctl', '-t', this.path('switch.ctl'), 'fdb/show', BRIDGE]);
    const row = stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find((cells) => cells[2] === mac);
    if (row === undefined) return undefined;
    const names = await this.vsctl('--bare', '--columns=name', 'find', 'interface', `ofport=${row[0]}`);
    return `${names}/${row[1]}`;
  }

  /** Every closing and opening of a port, oldest first, by the transaction log of OVSDB. */
  async portChanges(): Promise<{ readonly atMs: number; readonly what: string }[]> {
    const log = await this.tool(['ovsdb-tool', '-mm', 'show-log', this.path('conf.db')]);
    return log.split(/^record \d+: /m).flatMap((record) => {
      const [, day = '', time = ''] = /^(\S+) ([\d:.]+)/.exec(record) ?? [];
      const rows = record.matchAll(/table Port row "([^"]+)"[^\n]*diff:\n((?: {4}[^\n]*(?:\n|$))*)/g);
      return [...rows].flatMap(([, port = '', columns = '']) => {
        const isProtected = /^ {4}protected=(true|false)$/m.exec(columns)?.[1];
        if (isProtected === undefined) return [];
        return [{ atMs: Date.parse(`${day}T${time}Z`), what: `${port} ${isProtected === 'true' ? 'closed' : 'open'}` }];
      });
    });
  }

  async stop(): Promise<void> {
    await attempt(['ovs-appctl', '-t', this.path('switch.ctl'), 'exit', '--cleanup'], { timeoutMs: 5_000 });
    await attempt(['ovs-appctl', '-t', this.path('db.ctl'), 'exit'], { timeoutMs: 5_000 });
  }

  private tool(argv: readonly string[]): Promise<string> {
    return run(argv, { env: { ...this.env, TZ: 'UTC' } });
  }

  private path(name: string): string {
    return join(this.folder, name);
  }

  private daemon(name: string): string[] {
    const files = [`--pidfile=${this.path(`${name}.pid`)}`, `--log-file=${this.path(`${name}.log`)}`];
    return [...files, `--unixctl=${this.path(`${name}.ctl`)}`, '-vconsole:off', '--no-chdir', '--detach'];
  }
}
