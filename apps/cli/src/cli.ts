import { SystemClock, type Clock } from '@rackwright/kernel';
import { RackwrightClient } from '@rackwright/client';
import { stringify } from 'yaml';
import { DEFAULT_URL, type CliConfig } from './cli.config.js';
import { EXIT, failure } from './exit-code.policy.js';
import { COLOURED, PLAIN, type Style } from './output/style.js';
import { renderTable, type Column } from './output/table.js';
import { ContextFile, type Context } from './sign-in/context-file.js';
import type { Terminal } from './terminal.js';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

/** Options every command has. */
export interface GlobalOptions {
  readonly output: Format;
  readonly color: boolean;
  readonly url?: string;
  readonly context?: string;
  readonly quiet?: boolean;
}

/** What commands share: where to speak, whom to talk to, how the answer is to look. */
export class Cli {
  exitCode: number = EXIT.done;
  /** Set before a command acts. */
  options: GlobalOptions = { output: 'table', color: true };
  readonly contexts: ContextFile;

  constructor(
    readonly terminal: Terminal,
    readonly config: CliConfig,
    readonly clock: Clock = new SystemClock(),
  ) {
    this.contexts = new ContextFile(config.configFolder);
  }

  /** Where to, and as whom: option, environment, context, in this order. The token of a context never goes to another address. */
  target(): { readonly name: string | undefined; readonly context: Context } {
    const kept = this.contexts.read();
    const wanted = this.options.context ?? kept.current;
    const context = wanted === undefined ? undefined : kept.contexts[wanted];
    if (this.options.context !== undefined && context === undefined) {
      throw failure(EXIT.usage, `there is no context "${this.options.context}"`, { action: 'rackwright context list' });
    }
    const url = this.options.url ?? (this.options.context === undefined ? this.config.url : undefined);
    const isOther = url !== undefined && url.replace(/\/+$/, '') !== context?.url.replace(/\/+$/, '');
    const token = this.config.token ?? (isOther ? undefined : context?.token);
    return {
      name: isOther ? undefined : wanted,
      context: { url: url ?? context?.url ?? DEFAULT_URL, ...(token === undefined ? {} : { token }) },
    };
  }

  /** @throws AppError usage, when nobody is signed in */
  client(): RackwrightClient {
    const { context } = this.target();
    if (context.token === undefined) {
      throw failure(EXIT.failed, `nobody is signed in at ${context.url}`, {
        code: 'not-signed-in',
        action: `rackwright login --url ${context.url}`,
      });
    }
    return this.connect(context);
  }

  connect(context: Context): RackwrightClient {
    if (!/^https?:\/\/./.test(context.url)) {
      throw failure(EXIT.usage, `"${context.url}" is no address`, { action: `write it like ${DEFAULT_URL}` });
    }
    return RackwrightClient.to({
      url: context.url,
      clock: this.clock,
      userAgent: 'rackwright-cli',
      ...(context.token === undefined ? {} : { token: context.token }),
    });
  }

  /** Colours of what goes to `out`. */
  get style(): Style {
    return this.terminal.outIsTty && this.coloured ? COLOURED : PLAIN;
  }

  /** Colours of what goes to `err`. */
  get errStyle(): Style {
    return this.terminal.errIsTty && this.coloured ? COLOURED : PLAIN;
  }

  get isForPrograms(): boolean {
    return this.options.output === 'json' || this.options.output === 'yaml';
  }

  /** Prints a value: as JSON or YAML whole, otherwise as `text` tells it. */
  show(value: unknown, text: () => string): void {
    if (this.options.output === 'json') this.terminal.out(`${JSON.stringify(value, undefined, 2)}\n`);
    else if (this.options.output === 'yaml') this.terminal.out(stringify(value, { lineWidth: 0 }));
    else this.terminal.out(text());
  }

  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], header = true): string {
    const { outIsTty: forPeople, columns: width } = this.terminal;
    return renderTable(columns, rows, { forPeople, header, width, style: this.style });
  }

  /** Something to know that is no data. */
  say(text: string): void {
    if (this.options.quiet !== true) this.terminal.err(`${text}\n`);
  }

  /** What to do next, for people only. */
  hint(text: string): void {
    if (!this.isForPrograms) this.say(this.errStyle.faint(`next: ${text}`));
  }

  private get coloured(): boolean {
    return this.options.color && this.config.colour;
  }
}
