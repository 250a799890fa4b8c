import { associateProfile } from '@rackwright/saga-catalog';
import { describeSaga } from '@rackwright/saga/testing';
import { EstateHarness } from './estate-harness.js';
import { CASE_TIMEOUT_MS, sagaShare } from '../share.js';

describeSaga(
  associateProfile,
  () =>
    EstateHarness.open({
      kind: 'associate',
      define: (estate) => estate.defineFcProfile(),
      servers: ['blade-1', 'blade-2'],
    }),
  // A profile that was taken off properly has no former holders: the steps for them are skipped.
  { ...sagaShare(80), timeoutMs: CASE_TIMEOUT_MS, steps: (step) => !/-holders$|-holder-/.test(step) },
);
