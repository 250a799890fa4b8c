import { disassociateProfile } from '@rackwright/saga-catalog';
import { describeSaga } from '@rackwright/saga/testing';
import { EstateHarness } from './estate-harness.js';
import { CASE_TIMEOUT_MS, sagaShare } from '../share.js';

describeSaga(
  disassociateProfile,
  () =>
    EstateHarness.open({
      kind: 'disassociate',
      define: (estate) => estate.defineFcProfile(),
      servers: ['blade-1', 'blade-2'],
    }),
  { ...sagaShare(60), timeoutMs: CASE_TIMEOUT_MS },
);
