import { Command, CommanderError, Option } from 'commander';
import { FORMATS, type Cli } from './cli.js';
import { addApplyCommands } from './documents/apply.command.js';
import { addEventsCommand } from './events/events.command.js';
import { EXIT, exitOfError } from './exit-code.policy.js';
import { errorJson, errorText } from './output/error-text.js';
import { addChangeCommands } from './plans/change.command.js';
import { addDescribeCommand } from './resources/describe.command.js';
import { addGetCommand } from './resources/get.command.js';
import { addServerCommands } from './resources/server.command.js';
import { addWhyCommand } from './resources/why.command.js';
import { addRunCommands } from './runs/run.command.js';
import { addLoginCommands } from './sign-in/login.command.js';
import { addTokenCommands } from './sign-in/token.command.js';
import { cliReference } from './site/cli-reference.js';
import { addCompletionCommand } from './site/completion.command.js';
import { addDiscoverCommand } from './site/discover.command.js';
import { addSimCommand, runSim } from './site/sim.command.js';
import { addStatusCommand } from './site/status.command.js';

export const VERSION = '0.1.0';

/** The whole command tree. Nothing is done before it is told to parse. */
export function buildProgram(cli: Cli): Command {
  const program = new Command('rackwright')
    .description('Rackwright: server profiles that move between physical servers.')
    .version(VERSION, '-V, --version', 'print the version')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'))
    .option('--url <url>', 'address of Rackwright (RACKWRIGHT_URL)')
    .option('--context <name>', 'context to use instead of the current one')
    .option('-q, --quiet', 'no progress, no hints')
    .option('--no-color', 'no colours (NO_COLOR)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('next: add --help to see what there is')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.terminal.out(text),
      writeErr: (text) => cli.terminal.err(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .hook('preAction', (_program, action) => {
      cli.options = action.optsWithGlobals();
    });
  addLoginCommands(program, cli);
  addStatusCommand(program, cli);
  addDiscoverCommand(program, cli);
  addGetCommand(program, cli);
  addDescribeCommand(program, cli);
  addApplyCommands(program, cli);
  addChangeCommands(program, cli);
  addRunCommands(program, cli);
  addServerCommands(program, cli);
  addWhyCommand(program, cli);
  addEventsCommand(program, cli);
  addSimCommand(program, cli);
  addTokenCommands(program, cli);
  addCompletionCommand(program, cli);
  program
    .command('reference', { hidden: true })
    .description('print the reference of all commands')
    .action(() => cli.terminal.out(cliReference(program)));
  program
    .command('version')
    .description('print the version')
    .action(() => cli.show({ version: VERSION }, () => `${VERSION}\n`));
  return program;
}

/** Runs one command line (without `node` and the program's name); answers the exit code. Never throws. */
export async function runCommandLine(cli: Cli, args: readonly string[]): Promise<number> {
  const program = buildProgram(cli);
  try {
    if (args[0] === 'sim') {
      await runSim(args.slice(1));
      return Number(process.exitCode ?? EXIT.done);
    }
    await program.parseAsync([...args], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (cli.options.output === 'json') cli.terminal.err(`${JSON.stringify(errorJson(error))}\n`);
    else cli.terminal.err(errorText(error, cli.errStyle));
    return exitOfError(error);
  }
}
