/** The program behind `npm start`: see USAGE in launcher.config.ts. Exit codes: 0 stopped, 1 failed, 2 wrong usage. */
import { AppError, isAppError, messageOf, SystemClock, SystemRandom } from '@rackwright/kernel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRequest, USAGE, type LauncherConfig } from './launcher.config.js';
import { Launcher } from './launcher.js';
import { ConsoleOutput } from './output/console-output.js';
import { welcomeText } from './output/welcome.js';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function run(config: LauncherConfig): Promise<number> {
  const clock = new SystemClock();
  const write = (text: string): void => void process.stdout.write(text);
  const launcher = new Launcher({
    config,
    clock,
    random: new SystemRandom(),
    output: ({ logFolder }) =>
      new ConsoleOutput({ clock, logFolder, quiet: config.quiet, write, colour: process.stdout.isTTY }),
  });
  const asked = new Promise<void>((resolve) => {
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve());
  });
  // A closed terminal or pipe must not end the launcher before it has stopped its children.
  process.stdout.on('error', () => undefined);
  try {
    const started = launcher.start().then((welcome) => write(`${welcomeText(welcome)}\n`));
    // Asked to stop in the middle of starting: what then fails is of no interest any more.
    started.catch(() => undefined);
    await Promise.race([asked, started]);
    await asked;
    write('\nstopping\n');
    return 0;
  } finally {
    await launcher.stop();
  }
}

async function main(): Promise<number> {
  const request = readRequest(process.argv.slice(2));
  if (request.kind === 'start') return run(request.config);
  process.stdout.write(request.kind === 'help' ? USAGE : `${version()}\n`);
  return 0;
}

function version(): string {
  const file = join(import.meta.dirname ?? '.', '../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** What a person sees of an error: our own messages as they are, anything else with its origin. */
function explain(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  const known = error instanceof AppError || (typeof code === 'string' && code.startsWith('tools.'));
  const cause = error instanceof AppError && error.cause !== undefined ? `\n  cause: ${messageOf(error.cause)}` : '';
  return known ? `${messageOf(error)}${cause}` : String((error as Error).stack ?? error);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`rackwright: ${explain(error)}\n`);
  process.exitCode = isAppError(error, 'launcher.usage') ? 2 : 1;
}
process.exit();
