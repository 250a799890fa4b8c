import { migrateProfile } from '@rackwright/saga-catalog';
import { describeSaga } from '@rackwright/saga/testing';
import { EstateHarness } from './estate-harness.js';
import { CASE_TIMEOUT_MS, sagaShare } from '../share.js';

describeSaga(
  migrateProfile,
  () =>
    EstateHarness.open({
      kind: 'migrate',
      define: (estate) => estate.defineFcProfile(),
      servers: ['blade-1', 'blade-2'],
    }),
  { ...sagaShare(100), timeoutMs: CASE_TIMEOUT_MS },
);
