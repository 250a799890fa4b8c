import type { RackDocument, RackwrightClient } from '@rackwright/client';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, failure } from '../exit-code.policy.js';
import { durationOption } from '../plans/change.command.js';
import { serverText } from '../resources/describe-text.js';
import { firstLine, readSecretFile } from '../sign-in/login.command.js';

interface Options {
  readonly refresh?: string;
  readonly name?: string;
  readonly driver: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  readonly trust: string;
  readonly system?: string;
  readonly wait: boolean;
  readonly timeout: number;
}

const LOOK_MS = 500;

/** `rackwright discover ADDRESS`: enrols a BMC and shows the machine behind it. */
export function addDiscoverCommand(program: Command, cli: Cli): void {
  program
    .command('discover [address]')
    .description('enrol the BMC at an address and show its machine; or read a known server again')
    .option('--refresh <server>', 'read the facts of a server we know again')
    .option('--name <name>', 'name of the BMC (default: bmc- and the address)')
    .option('--driver <driver>', 'redfish, ipmi or ipmi+ipxe', 'redfish')
    .option('--username <name>', 'who the BMC knows')
    .option('--password-file <path>', 'file with the password of that user')
    .option('--password-stdin', 'read the password from standard input')
    .option('--trust <how>', 'first-use, none, or the SHA-256 fingerprint of its certificate', 'first-use')
    .option('--system <path>', 'which system, behind a BMC with several: /redfish/v1/Systems/1')
    .option('--no-wait', 'do not wait for the machine')
    .option('--timeout <duration>', 'how long to wait', durationOption, 60_000)
    .action(async (address: string | undefined, options: Options) => {
      if ((address === undefined) === (options.refresh === undefined)) {
        throw failure(EXIT.usage, 'give the address of a BMC, or --refresh SERVER');
      }
      if (options.refresh !== undefined) return refresh(cli, options.refresh, options);
      await enrol(cli, await bmcDocument(cli, address ?? '', options), options);
    });
}

async function refresh(cli: Cli, server: string, options: Options): Promise<void> {
  const client = cli.client();
  const before = await client.server(server);
  await client.refreshServer(server);
  if (!options.wait) return cli.hint(`rackwright describe server ${server}`);
  await until(cli, options, `the BMC of ${server} has not been read`, async () => {
    const now = await client.server(server);
    return now.factsAt !== before.factsAt ? now : undefined;
  }).then((now) => cli.show(now, () => serverText(now, cli.clock.now(), cli.style)));
}

async function enrol(cli: Cli, document: RackDocument, options: Options): Promise<void> {
  const client = cli.client();
  const { name } = document.metadata;
  const [result] = await client.applyDocuments([document]);
  if (!options.wait) {
    cli.show(result, () => `${name}\n`);
    return cli.hint(`rackwright get bmc ${name}`);
  }
  const serverId = await until(cli, options, `the BMC ${name} is enrolled, but its machine has not been read yet`, () =>
    machineOf(client, name),
  );
  const server = await client.server(serverId);
  cli.show(server, () => serverText(server, cli.clock.now(), cli.style));
}

/** The server behind a BMC, once it was read. @throws AppError with what the BMC says is wrong */
async function machineOf(client: RackwrightClient, name: string): Promise<string | undefined> {
  for await (const bmc of client.list('bmcs')) {
    if (bmc['name'] !== name) continue;
    if (typeof bmc['serverId'] === 'string') return bmc['serverId'];
    if (typeof bmc['problem'] !== 'string') return undefined;
    throw failure(EXIT.failed, `the BMC ${name} is enrolled, but cannot be read`, {
      cause: bmc['problem'],
      action: 'check address, user, password and --trust, and discover it again',
    });
  }
  return undefined;
}

async function bmcDocument(cli: Cli, address: string, options: Options): Promise<RackDocument> {
  const { username, driver, system } = options;
  const password =
    options.passwordFile !== undefined
      ? readSecretFile(options.passwordFile)
      : options.passwordStdin === true
        ? firstLine(await cli.terminal.readInput())
        : username !== undefined && cli.terminal.inIsTty
          ? await cli.terminal.askSecret(`Password of ${username} at ${address}: `)
          : undefined;
  if (username !== undefined && password === undefined) {
    throw failure(EXIT.usage, 'nobody is there to ask; add --password-file or --password-stdin');
  }
  if (username === undefined && password !== undefined) throw failure(EXIT.usage, 'a password needs --username');
  return {
    apiVersion: 'rackwright/v1',
    kind: 'Bmc',
    metadata: { name: options.name ?? nameFor(address) },
    spec: {
      driver,
      address,
      trust: trustOf(options.trust),
      ...(username === undefined ? {} : { credential: { username, password } }),
      ...(system === undefined ? {} : { system }),
    },
  };
}

function trustOf(how: string): Readonly<Record<string, string>> {
  if (how === 'first-use' || how === 'none') return { kind: how };
  const sha256 = how
    .replace(/^sha-?256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(sha256)) return { kind: 'pin', sha256 };
  throw failure(EXIT.usage, `"${how}" is no way to trust a certificate`, {
    action: 'first-use, none, or a SHA-256 fingerprint',
  });
}

/** `https://10.0.0.7:8443` -> `bmc-10.0.0.7-8443`. */
function nameFor(address: string): string {
  const host = address.replace(/^[a-z+]+:\/\//i, '').replace(/\/.*$/, '');
  return `bmc-${host.toLowerCase().replace(/[^a-z0-9.]+/g, '-')}`.replace(/[-.]+$/, '').slice(0, 63);
}

async function until<T>(
  cli: Cli,
  { timeout }: Pick<Options, 'timeout'>,
  complaint: string,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const startedMs = cli.clock.monotonicMs();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (cli.clock.monotonicMs() - startedMs > timeout) {
      throw failure(EXIT.timedOut, complaint, { action: 'rackwright get bmcs' });
    }
    await cli.clock.sleep(LOOK_MS);
  }
}
