import { isAppError, messageOf } from '@rackwright/kernel';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { DEFAULT_URL } from '../cli.config.js';
import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';
import { plain } from '../output/style.js';

interface LoginOptions {
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  readonly name?: string;
}

/** `rackwright login`, `logout` and `context`. */
export function addLoginCommands(program: Command, cli: Cli): void {
  program
    .command('login')
    .description('sign in and keep the session as the current context')
    .argument('[url]', 'address of the installation; the same as --url')
    .option('--username <name>', 'who signs in')
    .option('--password-file <path>', 'file with the password')
    .option('--password-stdin', 'read the password from standard input')
    .option('--name <context>', 'name of the context (default: host and port)')
    .action((url: string | undefined, options: LoginOptions) => login(cli, url, options));
  program
    .command('logout')
    .description('end the session and forget its token')
    .action(() => logout(cli));
  const context = program.command('context').description('installations of Rackwright this user is signed in at');
  context
    .command('list')
    .alias('ls')
    .description('the contexts there are; the current one is marked')
    .action(() => listContexts(cli));
  context
    .command('use <name>')
    .description('make a context the current one')
    .action((name: string) => {
      const kept = cli.contexts.read();
      if (kept.contexts[name] === undefined) {
        throw failure(EXIT.usage, `there is no context "${name}"`, { action: 'rackwright context list' });
      }
      cli.contexts.write({ ...kept, current: name });
    });
}

async function login(cli: Cli, given: string | undefined, options: LoginOptions): Promise<void> {
  const url = given?.replace(/\/+$/, '') ?? urlOf(cli);
  const username = options.username ?? (await askFor(cli, 'Username: ', '--username'));
  const password = await passwordOf(cli, options);
  if (/^http:\/\/(?!127\.|localhost[:/]?|\[::1\])/.test(url)) {
    cli.say('warning: the connection is not encrypted; the password can be read on its way');
  }
  const session = await cli.connect({ url }).signIn(username, password);
  const name = options.name ?? cli.options.context ?? new URL(url).host;
  cli.contexts.keep(name, {
    url,
    username,
    token: session.token,
    ...(session.expiresAt === undefined ? {} : { expiresAt: session.expiresAt }),
  });
  const { expiresAt } = session;
  cli.show({ context: name, url, username, expiresAt }, () => `signed in at ${plain(url)} as ${plain(username)}\n`);
  cli.hint('rackwright status');
}

/** Where to sign in; a context named that does not exist yet is being made. */
function urlOf(cli: Cli): string {
  const { options, config } = cli;
  const kept = cli.contexts.read();
  const context = options.context ?? (config.url === undefined ? kept.current : undefined);
  const known = context === undefined ? undefined : kept.contexts[context]?.url;
  return (options.url ?? known ?? config.url ?? DEFAULT_URL).replace(/\/+$/, '');
}

async function askFor(cli: Cli, question: string, option: string): Promise<string> {
  if (!cli.terminal.inIsTty) throw failure(EXIT.usage, `nobody is there to ask; add ${option}`);
  return cli.terminal.ask(question);
}

async function passwordOf(cli: Cli, options: LoginOptions): Promise<string> {
  if (options.passwordFile !== undefined && options.passwordStdin === true) {
    throw failure(EXIT.usage, '--password-file and --password-stdin exclude each other');
  }
  if (options.passwordFile !== undefined) return readSecretFile(options.passwordFile);
  if (options.passwordStdin === true) return firstLine(await cli.terminal.readInput());
  if (cli.terminal.inIsTty) return cli.terminal.askSecret('Password: ');
  throw failure(EXIT.usage, 'nobody is there to ask; add --password-file or --password-stdin');
}

/** The first line of a file that holds a secret. @throws AppError usage when it cannot be read */
export function readSecretFile(path: string): string {
  try {
    return firstLine(readFileSync(path, 'utf8'));
  } catch (error) {
    throw failure(EXIT.usage, `${path} cannot be read: ${messageOf(error)}`);
  }
}

export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}

async function logout(cli: Cli): Promise<void> {
  const { name, context } = cli.target();
  if (context.token !== undefined) {
    // A session that has ended already is what was wanted.
    await cli
      .connect(context)
      .signOut()
      .catch((error: unknown) => {
        if (!isAppError(error) || error.details['status'] !== 401) throw error;
      });
  }
  const kept = cli.contexts.read();
  const known = name === undefined ? undefined : kept.contexts[name];
  if (name === undefined || known === undefined) return cli.say('no context kept for this address');
  const { token: _token, expiresAt: _expiresAt, ...rest } = known;
  cli.contexts.write({ ...kept, contexts: { ...kept.contexts, [name]: rest } });
  cli.say(`signed out at ${plain(context.url)}`);
}

function listContexts(cli: Cli): void {
  const { current, contexts } = cli.contexts.read();
  // Tokens stay in the file.
  const items = Object.entries(contexts).map(([name, { url, username, token, expiresAt }]) => ({
    name,
    current: name === current,
    url,
    username,
    signedIn: token !== undefined,
    expiresAt,
  }));
  if (cli.options.output === 'name') return cli.terminal.out(items.map(({ name }) => `${name}\n`).join(''));
  cli.show({ items }, () =>
    cli.table(
      [
        { title: '', of: (item) => (item.current ? '*' : ' ') },
        { title: 'name', of: (item) => item.name },
        { title: 'url', of: (item) => item.url },
        { title: 'user', of: (item) => item.username },
        { title: 'signed in', of: (item) => (item.signedIn ? 'yes' : 'no') },
        { title: 'until', of: (item) => item.expiresAt },
      ],
      items,
    ),
  );
}
