import { inventory, network, profileDefinition, profileId, storageIdentity as storage } from '@rackwright/contracts';
import { defineSaga } from '@rackwright/saga';
import { z } from 'zod';
import { QUICK } from './retries.js';

/**
 * Defines or changes a server profile: stored as a draft, its identities reserved by their owners, then made usable. A
 * refusal of any owner takes everything back, so a profile is never half defined. It touches no device.
 */
export const defineProfile = defineSaga(
  'define-profile',
  1,
  z.strictObject({
    profileId,
    definition: profileDefinition,
    /** What it was before, for going back; absent when it is new. */
    previous: profileDefinition.optional(),
  }),
)
  .step('put-profile', {
    command: inventory.putProfile,
    input: ({ input }) => ({ profileId: input.profileId, definition: input.definition }),
    summary: ({ input }) => `store profile ${input.definition.name} as a draft`,
    undo: {
      command: inventory.withdrawProfile,
      input: ({ input }) => ({ profileId: input.profileId, ...(input.previous && { previous: input.previous }) }),
    },
    ...QUICK,
  })
  .together((step) => ({
    'reserve-vnics': step({
      command: network.reserveVnics,
      input: ({ input }) => ({
        profileId: input.profileId,
        profile: input.definition.name,
        vnics: input.definition.vnics,
      }),
      summary: 'reserve MACs and addresses',
      undo: {
        command: network.releaseVnics,
        input: ({ input }) => ({
          profileId: input.profileId,
          profile: input.previous?.name ?? input.definition.name,
          ...(input.previous && { restore: input.previous.vnics }),
        }),
      },
      ...QUICK,
    }),
    'reserve-initiators': step({
      command: storage.reserveInitiators,
      input: ({ input }) => ({
        profileId: input.profileId,
        profile: input.definition.name,
        spec: storageSpec(input.definition),
      }),
      summary: 'reserve WWNs, IQN and LUN ids',
      undo: {
        command: storage.releaseInitiators,
        input: ({ input }) => ({
          profileId: input.profileId,
          profile: input.previous?.name ?? input.definition.name,
          ...(input.previous && { restore: storageSpec(input.previous) }),
        }),
      },
      ...QUICK,
    }),
  }))
  .pointOfNoReturn()
  .step('activate-profile', {
    command: inventory.activateProfile,
    input: ({ input }) => ({ profileId: input.profileId }),
    summary: 'make the profile usable',
    undo: 'forward-only',
    ...QUICK,
  })
  .build();

/** The part of a profile that the storage identity service reserves for. */
export function storageSpec(definition: z.infer<typeof profileDefinition>) {
  const { vhbas, volumes, iscsi } = definition;
  return { vhbas, volumes, ...(iscsi && { iscsi }) };
}
