import { spawn } from 'node:child_process';
import { endCall } from '../call-ending.js';
import type { DeviceCall, DeviceSend } from '../device-result.js';
import { gatedSend, withinDeadline } from './gated-send.js';

/** Largest output a tool may print. */
export const MAX_OUTPUT_BYTES = 4 * 2 ** 20;

export interface ToolRun {
  /** Program and arguments, as one list; never a shell line, never a secret. */
  readonly argv: readonly string[];
  /** Added to PATH, HOME and LC_ALL=C, which is all the child sees; the place for a password. */
  readonly env?: Readonly<Record<string, string>>;
  readonly send: DeviceSend;
}

export interface ToolAnswer {
  /** Exit code; undefined when a signal ended the tool. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a management tool through the send gate and waits for its end. At the deadline the tool is killed and the call
 * ends as `unknown`: what it had sent by then cannot be told. A missing program ends the call as `refused`.
 */
export function runTool(run: ToolRun, call: DeviceCall): Promise<ToolAnswer> {
  return gatedSend(call, run.send, () => withinDeadline(call, (signal) => spawned(run, signal)));
}

function spawned(run: ToolRun, signal: AbortSignal): Promise<ToolAnswer> {
  const [program = '', ...args] = run.argv;
  const ended = new Promise<ToolAnswer>((resolve, reject) => {
    const env = { PATH: TOOL_PATH, HOME: '/', LC_ALL: 'C', ...run.env };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    const kill = (): boolean => child.kill('SIGKILL');
    const take = (stream: 'stdout' | 'stderr') => (chunk: string) => {
      if (output.stdout.length + output.stderr.length > MAX_OUTPUT_BYTES) return void kill();
      output[stream] += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', take('stdout'));
    child.stderr.setEncoding('utf8').on('data', take('stderr'));
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', kill);
      resolve({ code: code ?? undefined, ...output });
    });
  });
  return ended.then(
    (answer) => {
      if (!signal.aborted && answer.code !== undefined) return answer;
      const why = signal.aborted ? 'timeout' : 'lost-response';
      return endCall({ kind: 'unknown', why, message: `${program} was ended before it answered` });
    },
    (error: NodeJS.ErrnoException) =>
      endCall({ kind: 'refused', code: 'device.tool-missing', message: `${program} cannot be run: ${error.message}` }),
  );
}

const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
