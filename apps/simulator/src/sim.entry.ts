/**
 * `rackwright sim ...`: programs of the simulator that need no site. `serve-capture FOLDER` serves a captured Redfish tree
 * as its BMC would, until it is interrupted.
 */
import { messageOf } from '@rackwright/kernel';
import { parseArgs } from 'node:util';
import { serveCapture } from '@rackwright/sim/capture';
import { readFileSync } from 'node:fs';

const USAGE = `Usage: rackwright sim serve-capture FOLDER [options]

Serves a captured Redfish tree over TLS until it is interrupted.

Options:
  --port PORT           where it answers          (default: any free port)
  --host ADDRESS        on which address          (default: 127.0.0.1)
  --username NAME       ask who it is             (default: everybody may read)
  --password-file FILE  the password of that user
  --help                print this
`;

const OPTIONS = {
  port: { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  username: { type: 'string' },
  'password-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [verb, folder, ...rest] = positionals;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const port = Number(values.port);
  const isUsable = verb === 'serve-capture' && folder !== undefined && rest.length === 0;
  const passwordFile = values['password-file'];
  if (!isUsable || !Number.isInteger(port) || (values.username === undefined) !== (passwordFile === undefined)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const server = await serveCapture({
    folder,
    port,
    host: values.host,
    ...(values.username === undefined || passwordFile === undefined
      ? {}
      : { credential: { username: values.username, password: passwordIn(passwordFile) } }),
  });
  // Before anybody knows the address: whoever reads it may end us at once.
  const ended = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  process.stdout.write(`${server.url}\n`);
  process.stderr.write(`serving ${folder}; Ctrl-C ends it\n`);
  await ended;
  await server.close();
  return 0;
}

function passwordIn(path: string): string {
  return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? '';
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`error: ${messageOf(error)}\n${isUsage ? USAGE : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
