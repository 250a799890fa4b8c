import { AppError } from '@rackwright/kernel';
import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LevelName } from './output/log-lines.js';

/** What this start was asked to do. */
export interface LauncherConfig {
  readonly projectRoot: string;
  readonly dataFolder: string;
  readonly fresh: boolean;
  /** `explicit`: the user named it, so another one will not do. */
  readonly port: { readonly number: number; readonly explicit: boolean };
  readonly site: string | undefined;
  readonly timeScale: number;
  readonly simulator: boolean;
  readonly quiet: boolean;
  readonly logLevel: LevelName;
  /** Set: these replace the embedded parts. */
  readonly databaseUrl: string | undefined;
  readonly natsUrl: string | undefined;
  readonly natsServer: string | undefined;
  /** A first password chosen by whoever started this, for scripts. */
  readonly adminPassword: string | undefined;
  /** What every child inherits. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_PORT = 7480;

export const USAGE = `Usage: npm start -- [options]

Starts Rackwright: database, message server, simulated data centre and every service, all in one data folder.

Options:
  --data-dir DIR   where everything is kept                    (default: .rackwright/data in the project)
  --fresh          throw the data folder's content away first
  --port PORT      where API and sign-in answer                (default: ${DEFAULT_PORT}, or the next free one)
  --site FILE      site file of the simulated data centre      (default: the example site)
  --scale FACTOR   how much faster simulated time goes         (default: 1)
  --no-simulator   real devices only
  --quiet          show warnings and errors only
  --version        print the version
  --help           print this

Environment:
  DATABASE_URL     a PostgreSQL to use, as an administrator, instead of the embedded one
  NATS_URL         a NATS server to use instead of the embedded one
  NATS_SERVER      the nats-server program to run
`;

const OPTIONS = {
  'data-dir': { type: 'string' },
  fresh: { type: 'boolean' },
  port: { type: 'string' },
  site: { type: 'string' },
  scale: { type: 'string' },
  'no-simulator': { type: 'boolean' },
  quiet: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'start'; readonly config: LauncherConfig };

/** Variables of this process that a service must not see, because the launcher gives each its own. */
const NOT_INHERITED = ['DATABASE_URL', 'NATS_URL', 'NATS_NKEY_SEED_FILE', 'BOOTSTRAP_ADMIN_PASSWORD', 'NODE_OPTIONS'];

/** Reads command line and environment. @throws AppError `launcher.usage` */
export function readRequest(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Request {
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  // A path is meant from where the user stands; npm moves to the project folder but remembers.
  const from = environment['INIT_CWD'] ?? process.cwd();
  const projectRoot = environment['RACKWRIGHT_PROJECT_ROOT'] ?? ownProjectRoot();
  const folder = values['data-dir'];
  const inherited = Object.entries(environment).filter(([name]) => !NOT_INHERITED.includes(name));
  return {
    kind: 'start',
    config: {
      projectRoot,
      dataFolder: folder === undefined ? join(projectRoot, '.rackwright', 'data') : resolve(from, folder),
      fresh: values.fresh ?? false,
      port: { number: portOf(values.port), explicit: values.port !== undefined },
      site: values.site === undefined ? undefined : resolve(from, values.site),
      timeScale: scaleOf(values.scale),
      simulator: !(values['no-simulator'] ?? false),
      quiet: values.quiet ?? false,
      logLevel: (environment['RACKWRIGHT_LOG_LEVEL'] as LevelName | undefined) ?? 'info',
      databaseUrl: environment['DATABASE_URL'] || undefined,
      natsUrl: environment['NATS_URL'] || undefined,
      natsServer: environment['NATS_SERVER'] || undefined,
      adminPassword: environment['BOOTSTRAP_ADMIN_PASSWORD'] || undefined,
      inherited: Object.fromEntries(inherited),
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw new AppError('launcher.usage', `${(error as Error).message}\n\n${USAGE}`);
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new AppError('launcher.usage', `--port ${text} is not a port (1 to 65535)`);
}

function scaleOf(text: string | undefined): number {
  const scale = Number(text ?? 1);
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw new AppError('launcher.usage', `--scale ${text} is not a positive number`);
}

/** The bundle lies in `dist/apps`, two below the project. */
function ownProjectRoot(): string {
  return resolve(dirname(realpathSync(fileURLToPath(import.meta.url))), '../..');
}
