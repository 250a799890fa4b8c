import type { EventsOptions } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { eventText } from './event-text.js';

interface Options {
  readonly from?: number;
  readonly type?: string;
  readonly subject?: string;
  readonly follow?: boolean;
  readonly limit?: number;
}

/** Without `--follow` the list ends when nothing more comes for so long. */
const QUIET_MS = 1500;

/** `rackwright events`: what happened, and with `--follow` what happens. */
export function addEventsCommand(program: Command, cli: Cli): void {
  program
    .command('events')
    .description('what happened; with --follow, what happens')
    .option('--from <sequence>', 'first event (default: the first kept; with --follow: from now on)', Number)
    .option('--type <type>', 'only events of this type, e.g. run-ended')
    .option('--subject <subject>', 'only events about this subject')
    .option('-f, --follow', 'go on until interrupted')
    .option('--limit <count>', 'stop after so many', Number)
    .action((options: Options) => printEvents(cli, options));
}

async function printEvents(cli: Cli, options: Options): Promise<void> {
  const quiet = new AbortController();
  const { from = options.follow === true ? undefined : 1, type, subject } = options;
  const request: EventsOptions = {
    signal: quiet.signal,
    ...(from === undefined ? {} : { from }),
    ...(type === undefined ? {} : { type }),
    ...(subject === undefined ? {} : { subject }),
  };
  const rest = (): { cancel(): void } | undefined =>
    options.follow === true ? undefined : cli.clock.setTimer(QUIET_MS, () => quiet.abort());
  let timer = rest();
  let count = 0;
  try {
    for await (const event of cli.client().events(request)) {
      timer?.cancel();
      if (cli.options.output === 'json') cli.terminal.out(`${JSON.stringify(event)}\n`);
      else cli.show(event, () => `${eventText(event)}\n`);
      if (event.type === 'gap') cli.say('events are missing here: the stream does not keep them that long');
      if (++count === options.limit) break;
      timer = rest();
    }
  } finally {
    timer?.cancel();
    quiet.abort();
  }
}
