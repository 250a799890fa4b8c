import base from '../../../jest.config.mjs';

/** `npm run test:sagas`: every case of every saga against the simulated site, an estate per suite. */
export default { ...base, testMatch: ['<rootDir>/test/scenarios/sagas/**/*.spec.ts'], globals: { sagaCases: 'all' } };
