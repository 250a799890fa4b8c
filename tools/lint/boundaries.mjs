/**
 * Who may import whom, by the tags in each package.json. The one table: lint reads it, a new library adds its line.
 */

/** Scope -> scopes it may import besides itself. */
export const SCOPES = {
  kernel: [],
  contracts: ['kernel'],
  observability: ['kernel'],
  persistence: ['kernel', 'observability'],
  messaging: ['kernel', 'contracts', 'persistence', 'observability'],
  saga: ['kernel', 'contracts'],
  'saga-catalog': ['kernel', 'contracts', 'saga'],
  'identity-pool': ['kernel', 'persistence'],
  documents: ['kernel'],
  client: ['kernel'],
  sim: ['kernel'],
  'driver-core': ['kernel'],
  driver: ['kernel', 'driver-core'],
  'device-work': ['kernel', 'contracts', 'persistence', 'messaging', 'observability', 'driver-core'],
  'device-registry': ['kernel', 'contracts', 'persistence', 'observability', 'driver-core'],
  'service-host': ['kernel', 'contracts', 'persistence', 'messaging', 'observability'],
  'device-host': [
    ...['kernel', 'contracts', 'persistence', 'messaging', 'observability', 'service-host'],
    ...['driver-core', 'device-registry', 'device-work', 'identity-pool'],
  ],
  testing: ['kernel', 'contracts', 'persistence', 'messaging', 'observability', 'tool'],
  service: [
    ...['kernel', 'contracts', 'persistence', 'messaging', 'observability', 'service-host', 'documents'],
    ...[
      'identity-pool',
      'device-registry',
      'device-host',
      'device-work',
      'driver-core',
      'driver',
      'saga',
      'saga-catalog',
    ],
  ],
  simulator: ['kernel', 'sim', 'observability', 'documents'],
  cli: ['kernel', 'client', 'documents'],
  launcher: ['kernel', 'contracts', 'persistence', 'messaging', 'tool', 'client', 'sim', 'documents'],
  tool: ['kernel', 'contracts', 'documents'],
};

/** What a spec may use in addition: the shared servers of a test run and the simulated data centre. */
export const SPEC_EXTRAS = ['testing', 'sim'];

/** Scopes that stay free of the service framework, the database mapper and the message client. */
const PLAIN = ['kernel', 'contracts', 'saga', 'saga-catalog', 'documents', 'client', 'sim', 'driver-core', 'driver'];
const FRAMEWORKS = ['@nestjs/*', 'typeorm', 'pg', '@nats-io/*'];

/** A spec closes a circle by design: the test library starts what the library under test talks to. */
export const SPEC_CIRCLES = ['kernel', 'contracts', 'persistence', 'messaging', 'observability'].map((name) => [
  '@rackwright/testing',
  `@rackwright/${name}`,
]);

/** The constraints of `@nx/enforce-module-boundaries`; `extras` are scopes everybody may use. */
export function depConstraints(extras = []) {
  const constraints = Object.entries(SCOPES).map(([scope, allowed]) => ({
    sourceTag: `scope:${scope}`,
    onlyDependOnLibsWithTags: [scope === 'service' || scope === 'driver' ? undefined : scope, ...allowed, ...extras]
      .filter((name) => name !== undefined)
      .map((name) => `scope:${name}`),
    ...(PLAIN.includes(scope) ? { bannedExternalImports: FRAMEWORKS } : {}),
  }));
  return [...constraints, { sourceTag: 'scope:test', onlyDependOnLibsWithTags: ['*'] }];
}

/** Packages that only some files may import: `[package pattern, path patterns, why]`; paths are relative, with slashes. */
export const PACKAGE_OWNERS = [
  {
    packages: /^(typeorm|@nestjs\/typeorm)(\/|$)/,
    files: /^libs\/persistence\/|\.(entity|repository)\.ts$|\/migrations\/|^libs\/service-host\//,
    why: 'the database mapper belongs in persistence, *.entity.ts, *.repository.ts and migrations',
  },
  {
    packages: /^pg(\/|$)/,
    files: /^libs\/(persistence|testing)\//,
    why: 'connections are opened by persistence',
  },
  {
    packages: /^@nats-io\//,
    files: /^libs\/(messaging|testing)\/|^apps\/launcher\/src\/nats\//,
    why: 'messages go through @rackwright/messaging (the launcher makes the keys of its users)',
  },
];
