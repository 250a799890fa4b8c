import { inventory, network, objectName, profileId, storageIdentity as storage } from '@rackwright/contracts';
import { defineSaga, none } from '@rackwright/saga';
import { z } from 'zod';
import { PATIENT, QUICK } from './retries.js';

/**
 * Removes a profile that is on no server and has no zones or masks left. Its identities rest. Once it is gone there is no
 * way back but to apply its document again.
 */
export const deleteProfile = defineSaga('delete-profile', 1, z.strictObject({ profileId, profile: objectName }))
  .step('confirm-no-access', {
    command: storage.confirmNoAccess,
    input: ({ input }) => ({ profileId: input.profileId }),
    summary: 'make sure that no zone and no mask is left',
    undo: none('it only looks'),
    ...QUICK,
  })
  .step('delete-profile', {
    command: inventory.deleteProfile,
    input: ({ input }) => ({ profileId: input.profileId }),
    summary: ({ input }) => `remove profile ${input.profile}`,
    onRefused: { 'unknown-profile': 'go-back', '*': 'go-back' },
    undo: none('applying its document again defines it anew'),
    ...QUICK,
  })
  .pointOfNoReturn()
  .together((step) => ({
    'release-vnics': step({
      command: network.releaseVnics,
      input: ({ input }) => ({ profileId: input.profileId, profile: input.profile }),
      summary: 'lay MACs to rest',
      undo: 'forward-only',
      ...QUICK,
      ...PATIENT,
    }),
    'release-initiators': step({
      command: storage.releaseInitiators,
      input: ({ input }) => ({ profileId: input.profileId, profile: input.profile }),
      summary: 'lay WWNs and IQN to rest',
      undo: 'forward-only',
      ...QUICK,
      ...PATIENT,
    }),
  }))
  .build();
