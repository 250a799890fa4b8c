import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';

export interface ConsentOptions {
  readonly yes?: boolean;
  readonly confirm?: string;
}

/**
 * Asks whether to go on. Somebody at a terminal answers; a script has to have said so beforehand with `--yes`.
 * @throws AppError usage without consent
 */
export async function askConsent(cli: Cli, question: string, options: ConsentOptions): Promise<void> {
  if (options.yes === true) return;
  if (!cli.terminal.inIsTty) {
    throw failure(EXIT.usage, 'nobody is there to ask', { action: 'read the plan, then add --yes' });
  }
  const answer = await cli.terminal.ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer)) throw failure(EXIT.failed, 'not done: you did not say yes', { code: 'cli.declined' });
}

/**
 * Consent to what cuts a server off or gives up proof: its name has to be typed, or given with `--confirm=NAME`. `--yes`
 * is not enough, because it is what scripts carry along.
 */
export async function askSevereConsent(cli: Cli, name: string, options: ConsentOptions): Promise<void> {
  if (options.confirm !== undefined) {
    if (options.confirm === name) return;
    throw failure(EXIT.usage, `--confirm=${options.confirm} is not "${name}"`);
  }
  if (!cli.terminal.inIsTty) {
    throw failure(EXIT.usage, 'this is severe and nobody is there to ask', {
      action: `read the plan, then add --confirm=${name}`,
    });
  }
  const answer = await cli.terminal.ask(`This is severe. Type ${name} to go on: `);
  if (answer !== name) throw failure(EXIT.failed, 'not done: the name is another one', { code: 'cli.declined' });
}
