import base from '../../jest.config.mjs';

/** `npm run realrack`: one suite, one worker; the shared PostgreSQL and NATS of the other suites are not started here. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/realrack/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.rackwright/'],
  testTimeout: 240_000,
  maxWorkers: 1,
  // Says by name what was skipped, and why.
  verbose: true,
};
