/** `rackwright`: the command line. What it can do is in docs/reference/generated/cli.md. */
import { readCliConfig } from './cli.config.js';
import { Cli } from './cli.js';
import { runCommandLine } from './program.js';
import { ProcessTerminal } from './terminal.js';

process.exitCode = await runCommandLine(new Cli(new ProcessTerminal(), readCliConfig()), process.argv.slice(2));
