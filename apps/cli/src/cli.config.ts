import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the environment says. Options of a command win over it, it wins over the contexts. */
export interface CliConfig {
  readonly url: string | undefined;
  readonly token: string | undefined;
  /** Where contexts are kept. */
  readonly configFolder: string;
  readonly colour: boolean;
}

/** Where `npm start` answers. */
export const DEFAULT_URL = 'http://127.0.0.1:7480';

/** Reads `RACKWRIGHT_URL`, `RACKWRIGHT_TOKEN`, `RACKWRIGHT_CONFIG_DIR`, `XDG_CONFIG_HOME`, `NO_COLOR`, `TERM`. */
export function readCliConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  const set = (name: string): string | undefined => environment[name] || undefined;
  return {
    url: set('RACKWRIGHT_URL'),
    token: set('RACKWRIGHT_TOKEN'),
    configFolder:
      set('RACKWRIGHT_CONFIG_DIR') ?? join(set('XDG_CONFIG_HOME') ?? join(homedir(), '.config'), 'rackwright'),
    colour: set('NO_COLOR') === undefined && environment['TERM'] !== 'dumb',
  };
}
