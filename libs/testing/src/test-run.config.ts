import { tmpdir } from 'node:os';

/** Set by Jest's global set-up: the folder all servers of this run live in. */
export const RUN_FOLDER_VARIABLE = 'RACKWRIGHT_TEST_RUN';

/** The folder of this run; undefined outside of Jest, or when the global set-up is not wired in. */
export function runFolder(): string | undefined {
  return process.env[RUN_FOLDER_VARIABLE];
}

/** A seed asked for by `RACKWRIGHT_TEST_SEED`, to replay a failure. */
export function requestedSeed(): number | undefined {
  const text = process.env['RACKWRIGHT_TEST_SEED'];
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** An environment for servers that does not depend on the locale of whoever runs the tests. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', LANG: 'C', TZ: 'UTC', TMPDIR: tmpdir() };
}
