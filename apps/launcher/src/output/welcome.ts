/** What a person needs to know once everything is up. */
export interface Welcome {
  readonly address: string;
  /** Only on the first start of a data folder. */
  readonly adminPassword: string | undefined;
  readonly dataFolder: string;
  readonly seconds: number;
  readonly seeded: string | undefined;
  readonly missing: readonly string[];
}

export function welcomeText(welcome: Welcome): string {
  const { address, adminPassword, dataFolder, missing, seconds, seeded } = welcome;
  const login =
    adminPassword === undefined
      ? ['Sign in   admin, with the password shown at the first start']
      : ['Sign in   admin', `Password  ${adminPassword}    (shown only now)`];
  return [
    '',
    `Rackwright is up after ${seconds.toFixed(1)} s.`,
    '',
    `  Address   ${address}`,
    ...login.map((line) => `  ${line}`),
    `  Data      ${dataFolder}`,
    ...(seeded === undefined ? [] : [`  Site      ${seeded}`]),
    ...(missing.length === 0 ? [] : [`  Missing   ${missing.join(', ')} (not built)`]),
    '',
    'Try next, in another terminal:',
    `  npx rackwright login ${address}`,
    '  npx rackwright status',
    // With the example site there is a profile to put on a server and to move.
    ...(seeded === undefined
      ? ['  npx rackwright get servers']
      : ['  npx rackwright associate mail-1 --wait', '  npx rackwright migrate mail-1 --wait']),
    '  kill -9 any process of it and watch it come back',
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}
