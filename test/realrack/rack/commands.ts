import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { AppError } from '@rackwright/kernel';

/** What the programs of the rack see: nothing of the caller's environment but the path. */
export const TOOL_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface CommandEnd {
  /** Exit code; undefined when it was killed at its time limit. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; any exit code is an answer. */
export function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      {
        env: { PATH: TOOL_PATH, LC_ALL: 'C', HOME: '/', ...options.env },
        timeout: options.timeoutMs ?? 60_000,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 2 ** 20,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        resolve({ code, stdout, stderr: stderr || (error !== null && code === undefined ? error.message : '') });
      },
    );
    // A program may end without reading its input.
    child.stdin?.on('error', () => undefined).end(options.input ?? '');
  });
}

/** Runs a program that has to succeed and answers what it printed. Throws `realrack.command-failed`. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(argv, options);
  if (code === 0) return stdout.trim();
  const text = (stderr || stdout).trim().slice(0, 1000);
  throw new AppError('realrack.command-failed', `${argv.join(' ')} ended with ${code ?? 'a signal'}: ${text}`);
}

/** Starts a program that goes on in the background; its output goes to `logFile`. */
export function start(
  argv: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly logFile: string; readonly cwd?: string },
): ChildProcess {
  const [program = '', ...args] = argv;
  const log = openSync(options.logFile, 'a');
  const child = spawn(program, args, {
    env: { PATH: TOOL_PATH, LC_ALL: 'C', ...options.env },
    stdio: ['ignore', log, log],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  closeSync(log);
  return child;
}

/** A TCP port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A UDP port of the loopback that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
