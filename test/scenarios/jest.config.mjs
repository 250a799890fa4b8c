import base from '../../jest.config.mjs';

/** `npm run test:sagas`: every case of every saga, and every disruption, against the simulated site. */
export default { ...base, testMatch: ['<rootDir>/test/scenarios/**/*.spec.ts'], globals: { scenarios: 'all' } };
