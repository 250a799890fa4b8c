import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

// swc options are passed inline: @swc/jest looks for .swcrc from the working directory and would miss it elsewhere.
const swc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

export default {
  testEnvironment: 'node',
  // Suites start real servers; a busy machine takes longer than the default 5 s. Waits have limits of their own.
  testTimeout: 30_000,
  // Servers are started by the first suite that needs them and stopped here; see libs/testing.
  globalSetup: '<rootDir>/libs/testing/src/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/libs/testing/src/jest/global-teardown.mjs',
  rootDir: dirname(fileURLToPath(import.meta.url)),
  testMatch: [
    '<rootDir>/{apps,libs}/**/src/**/*.spec.ts',
    '<rootDir>/test/**/*.spec.ts',
    '<rootDir>/tools/**/*.spec.ts',
  ],
  // The real rack is a run of its own: `npm run realrack`.
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.rackwright/', '<rootDir>/test/realrack/'],
  modulePathIgnorePatterns: ['/dist/', '/.rackwright/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@rackwright/tools/([^/]+)$': '<rootDir>/tools/$1/resolve.mjs',
    '^@rackwright/app-([^/]+)/definition$': '<rootDir>/apps/$1/src/$1.definition.ts',
    '^@rackwright/driver-([^/]+)$': '<rootDir>/libs/drivers/$1/src/index.ts',
    '^@rackwright/driver-([^/]+)/([^/]+)$': '<rootDir>/libs/drivers/$1/src/$2/index.ts',
    '^@rackwright/([^/]+)/([^/]+)$': '<rootDir>/libs/$1/src/$2/index.ts',
    '^@rackwright/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
};
