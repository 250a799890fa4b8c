import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import { attempt, run, start } from './commands.js';
import { inNamespace } from './network.js';

const CONTROL_PORT = 7;

export interface ArrayState {
  readonly sessions: readonly string[];
  readonly admitted: readonly string[];
}

/** A tgt daemon with one LUN, in the array's namespace. The methods here are the operator's own hands, not the product's. */
export class IscsiArray {
  private constructor(
    private readonly folder: string,
    readonly namespace: string,
    readonly target: string,
    readonly image: string,
  ) {}

  readonly controlPort = CONTROL_PORT;

  static async start(options: {
    readonly folder: string;
    readonly namespace: string;
    readonly env: Readonly<Record<string, string>>;
    readonly portal: string;
    readonly target: string;
    readonly image: string;
  }): Promise<IscsiArray> {
    const array = new IscsiArray(options.folder, options.namespace, options.target, options.image);
    const argv = ['tgtd', '-f', '-C', String(CONTROL_PORT), '--iscsi', `portal=${options.portal}`];
    start(inNamespace(options.namespace, argv), {
      env: { ...options.env, TGT_IPC_SOCKET: array.ipcSocket },
      logFile: array.logFile,
    });
    await waitFor(() => array.admin('--op', 'show', '--mode', 'sys'), { withinMs: 20_000, what: 'tgtd answers' });
    await array.admin('--op', 'new', '--mode', 'target', '--tid', '1', '--targetname', options.target);
    const lun = ['--lun', '1', '--backing-store', options.image, '--bstype', 'rdwr'];
    await array.admin('--op', 'new', '--mode', 'logicalunit', '--tid', '1', ...lun);
    return array;
  }

  get ipcSocket(): string {
    return join(this.folder, 'tgt-ipc');
  }

  admin(...args: string[]): Promise<string> {
    const env = { TGT_IPC_SOCKET: this.ipcSocket };
    return run(['tgtadm', '-C', String(CONTROL_PORT), '--lld', 'iscsi', ...args], { env });
  }

  /** What tgtadm says about our target: who is logged in, who is admitted. */
  async show(): Promise<ArrayState> {
    const text = await this.admin('--op', 'show', '--mode', 'target');
    const block = text.split(/^Target /m).find((part) => part.includes(`: ${this.target}\n`));
    if (block === undefined) throw new AppError('realrack.no-target', `${this.target} is not there: ${text}`);
    const sessions = [...block.matchAll(/Initiator: (\S+)/g)].map((match) => match[1] ?? '');
    const acl = block.split('ACL information:')[1] ?? '';
    return {
      sessions,
      admitted: acl
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    };
  }

  /** How many connections were ended by an administrator so far, by the daemon's log. */
  sessionsEnded(): number {
    return readFileSync(this.logFile, 'utf8').split('conn_close_admin').length - 1;
  }

  private get logFile(): string {
    return join(this.folder, 'tgtd.log');
  }

  /** Opens the mask to every initiator, as a careless hand would. */
  async admitAll(): Promise<void> {
    for (const iqn of (await this.show()).admitted) {
      await this.admin('--op', 'unbind', '--mode', 'target', '--tid', '1', '--initiator-name', iqn);
    }
    await this.admin('--op', 'bind', '--mode', 'target', '--tid', '1', '--initiator-address', 'ALL');
  }

  async admitOnly(iqn: string): Promise<void> {
    await this.admin('--op', 'unbind', '--mode', 'target', '--tid', '1', '--initiator-address', 'ALL');
    await this.admin('--op', 'bind', '--mode', 'target', '--tid', '1', '--initiator-name', iqn);
  }
}

/** Whether this initiator name gets the LUN, asked by libiscsi from somewhere on the storage network. */
export async function canOpenLun(namespace: string, iqn: string, url: string): Promise<boolean> {
  return (await attempt(inNamespace(namespace, ['iscsi-inq', '-i', iqn, url]), { timeoutMs: 10_000 })).code === 0;
}

/** The targets this initiator name is shown, by libiscsi. */
export async function listTargets(namespace: string, iqn: string, portal: string): Promise<string> {
  const argv = inNamespace(namespace, ['iscsi-ls', '-s', '-i', iqn, `iscsi://${portal}`]);
  return (await attempt(argv, { timeoutMs: 10_000 })).stdout;
}
