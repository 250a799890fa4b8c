import { endCall, runTool, type Credential, type DeviceCall, type ToolAnswer } from '@rackwright/driver-core';
import { AppError } from '@rackwright/kernel';
import { BUSY_RETRY_AFTER_MS, IPMI_FAILURES } from './ipmi-tables.js';

export interface IpmitoolOptions {
  readonly address: string;
  readonly credential: Credential | undefined;
  /** Default `['ipmitool']`; may carry a prefix such as `['ip', 'netns', 'exec', 'oob', 'ipmitool']`. */
  readonly command: readonly string[];
  /** 17 (SHA-256), or 3 for older BMCs. Without the right one ipmitool cannot log in. */
  readonly cipherSuite: 3 | 17;
}

/** Ends of a command that the caller may want to handle itself. */
export type CommandEnd =
  { readonly kind: 'ok'; readonly text: string } | { readonly kind: 'unsupported'; readonly message: string };

const IPMI_PORT = 623;

/** One BMC, one ipmitool process per send. Throws `ipmi.invalid-address`. */
export class Ipmitool {
  readonly device: string;
  private readonly host: string;
  private readonly port: number;

  constructor(private readonly options: IpmitoolOptions) {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9][A-Za-z0-9.-]*))(?::(\d{1,5}))?$/.exec(options.address);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined) throw new AppError('ipmi.invalid-address', `"${options.address}" is not host or host:port`);
    this.host = host;
    this.port = Number(match?.[3] ?? IPMI_PORT);
    this.device = `ipmi://${options.address}`;
  }

  /** Runs one command; a BMC that does not know it ends the call as `refused`. */
  async run(args: readonly string[], mutating: boolean, call: DeviceCall): Promise<string> {
    const end = await this.attempt(args, mutating, call);
    return end.kind === 'ok' ? end.text : endCall({ kind: 'refused', code: 'ipmi.unsupported', message: end.message });
  }

  /** As {@link run}, with "the BMC does not know this" as an ordinary answer. */
  async attempt(args: readonly string[], mutating: boolean, call: DeviceCall): Promise<CommandEnd> {
    const { command, cipherSuite, credential } = this.options;
    const to = [
      '-I',
      'lanplus',
      '-H',
      this.host,
      '-p',
      String(this.port),
      '-C',
      String(cipherSuite),
      '-L',
      'ADMINISTRATOR',
    ];
    // Each datagram is sent again after a second, three times: that is UDP, not a retry of the operation.
    const argv = [...command, ...to, '-N', '1', '-R', '3', '-U', credential?.username ?? '', '-E', ...args];
    const env = { IPMI_PASSWORD: credential?.password ?? '' };
    const send = { device: this.device, verb: 'ipmitool', target: args.join(' '), mutating };
    const answer = await runTool({ argv, env, send }, call);
    return answer.code === 0 ? { kind: 'ok', text: answer.stdout } : this.failed(answer, args);
  }

  private failed(answer: ToolAnswer, args: readonly string[]): CommandEnd {
    const text = `${answer.stderr}\n${answer.stdout}`;
    const meaning = IPMI_FAILURES.find(([pattern]) => pattern.test(text))?.[1];
    const message = `${this.device} ${args.join(' ')}: ${text.trim().slice(0, 300)}`;
    switch (meaning) {
      case 'unsupported':
        return { kind: 'unsupported', message };
      case 'busy':
        return endCall({ kind: 'busy', retryAfterMs: BUSY_RETRY_AFTER_MS, message });
      case 'login':
      case 'privilege':
        return endCall({ kind: 'refused', code: `ipmi.${meaning}`, message });
      case 'unreachable':
        return endCall({ kind: 'unknown', why: 'connection-reset', message });
      case undefined:
        return endCall({ kind: 'unknown', why: 'lost-response', message });
    }
  }
}
