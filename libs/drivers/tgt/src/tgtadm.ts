import { endCall, runTool, type DeviceCall } from '@rackwright/driver-core';
import { parseConnections, parseTargets, type TgtConnection, type TgtTarget } from './show-target.js';
import { BUSY_RETRY_AFTER_MS, TGTADM_EXIT } from './tgt-errors.js';

export interface TgtadmOptions {
  /** How tgtadm is started: `['tgtadm']`, or with a prefix such as `['ip', 'netns', 'exec', 'stor', 'tgtadm']`. */
  readonly command: readonly string[];
  /** Control port of the daemon (`-C`). */
  readonly controlPort: number;
  /** Path of the daemon's control socket without the port, where it is not the usual one (`TGT_IPC_SOCKET`). */
  readonly ipcSocket?: string;
  /** Address in evidence and at the gate. */
  readonly device: string;
}

/** One daemon, one tgtadm process per send. */
export class Tgtadm {
  constructor(private readonly options: TgtadmOptions) {}

  async targets(call: DeviceCall): Promise<readonly TgtTarget[]> {
    const text = await this.run(['--op', 'show', '--mode', 'target'], { target: 'targets', mutating: false }, call);
    return parseTargets(text ?? 'refused') ?? unparseable('the list of targets');
  }

  /** Connections of one target; none when the target is gone. */
  async connections(tid: number, call: DeviceCall): Promise<readonly TgtConnection[]> {
    const args = ['--op', 'show', '--mode', 'conn', '--tid', String(tid)];
    const text = await this.run(args, { target: `target ${tid} connections`, mutating: false }, call);
    return text === undefined ? [] : (parseConnections(text) ?? unparseable(`the connections of target ${tid}`));
  }

  /** Sends one change. What came of it is not told: the caller reads back. */
  async change(args: readonly string[], what: string, call: DeviceCall): Promise<void> {
    await this.run(args, { target: what, mutating: true }, call);
  }

  /** The tool's output; undefined when the daemon refused. */
  private async run(
    args: readonly string[],
    send: { readonly target: string; readonly mutating: boolean },
    call: DeviceCall,
  ): Promise<string | undefined> {
    const { command, controlPort, ipcSocket, device } = this.options;
    const argv = [...command, '-C', String(controlPort), '--lld', 'iscsi', ...args];
    const env = ipcSocket === undefined ? {} : { TGT_IPC_SOCKET: ipcSocket };
    const answer = await runTool({ argv, env, send: { device, verb: args.slice(0, 4).join(' '), ...send } }, call);
    const meaning = TGTADM_EXIT[answer.code ?? -1];
    if (meaning === 'ok') return answer.stdout;
    if (meaning === 'read-back') return undefined;
    const message = `${device}: tgtadm ended with ${answer.code}: ${answer.stderr.trim().slice(0, 300)}`;
    if (meaning === 'no-daemon') endCall({ kind: 'busy', retryAfterMs: BUSY_RETRY_AFTER_MS, message });
    return endCall({ kind: 'unknown', why: 'lost-response', message });
  }
}

function unparseable(what: string): never {
  endCall({ kind: 'unknown', why: 'unparseable', message: `tgtadm's answer about ${what} is not usable` });
}
