import { isSettled, type RackwrightClient, type Run } from '@rackwright/client';
import type { Cli } from '../cli.js';
import { EXIT, exitOfRun, failure } from '../exit-code.policy.js';
import { plain } from '../output/style.js';
import { runEnd, runNews, runText } from './run-text.js';

export interface WatchOptions {
  readonly timeoutMs?: number;
}

/**
 * Shows a run until it is done, undone or stuck: at a terminal redrawn in place, otherwise one line per change. Answers
 * the run as it ended and sets the exit code. @throws AppError of exit 7 when the time is up; the run goes on.
 */
export async function watchRun(cli: Cli, client: RackwrightClient, runId: string, options: WatchOptions): Promise<Run> {
  const painter = cli.terminal.errIsTty ? new Redrawn(cli) : new Appended(cli);
  let last: Run | undefined;
  try {
    for await (const run of client.runs.follow(runId, options)) {
      last = run;
      painter.show(run);
    }
  } catch (error) {
    throw timedOut(error) ? lateness(runId, options, last) : error;
  } finally {
    painter.end();
  }
  if (last === undefined || !isSettled(last)) throw failure(EXIT.failed, `the run ${runId} could not be followed`);
  cli.say(runEnd(last, cli.clock.now(), cli.errStyle));
  if (last.state === 'stuck') cli.hint(`rackwright run show ${last.id}   (${last.verbs.join(', ')})`);
  cli.exitCode = exitOfRun(last.state);
  return last;
}

function timedOut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'client.wait-timeout';
}

function lateness(runId: string, options: WatchOptions, last: Run | undefined): Error {
  const busy = last?.steps.find((step) => step.state === 'running' || step.state === 'retrying');
  return failure(EXIT.timedOut, `not ended within ${(options.timeoutMs ?? 0) / 1000} s; the run goes on`, {
    code: 'cli.timed-out',
    action: `rackwright run watch ${runId}`,
    ...(busy === undefined ? {} : { cause: `${plain(busy.label)}${busy.note === undefined ? '' : `: ${busy.note}`}` }),
  });
}

interface Painter {
  show(run: Run): void;
  end(): void;
}

/** One line per change, for logs. */
class Appended implements Painter {
  private before: Run | undefined;

  constructor(private readonly cli: Cli) {}

  show(run: Run): void {
    for (const line of runNews(this.before, run, this.cli.clock.now(), this.cli.errStyle)) this.cli.say(line);
    this.before = run;
  }

  end(): void {
    this.before = undefined;
  }
}

/** The whole run, drawn over what was there before; times go on between two looks. */
class Redrawn implements Painter {
  private drawn = 0;
  private run: Run | undefined;
  private timer: { cancel(): void } | undefined;

  constructor(private readonly cli: Cli) {}

  show(run: Run): void {
    this.run = run;
    this.draw();
  }

  end(): void {
    this.timer?.cancel();
  }

  private draw(): void {
    this.timer?.cancel();
    if (this.run === undefined || this.cli.options.quiet === true) return;
    const width = this.cli.terminal.columns;
    const lines = runText(this.run, this.cli.clock.now(), this.cli.errStyle)
      .trimEnd()
      .split('\n')
      .map((line) => cut(line, width - 1));
    const up = this.drawn === 0 ? '' : `\u001b[${this.drawn}A`;
    this.cli.terminal.err(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
    this.drawn = lines.length;
    if (!isSettled(this.run)) this.timer = this.cli.clock.setTimer(500, () => this.draw());
  }
}

/** Cuts a line to the width of the terminal; colour codes take no room. */
function cut(line: string, width: number): string {
  let room = width;
  let out = '';
  for (const part of line.split(/(\u001b\[\d+m)/u)) {
    if (part.startsWith('\u001b')) {
      out += part;
      continue;
    }
    out += part.slice(0, room);
    room = Math.max(0, room - part.length);
  }
  return out;
}
