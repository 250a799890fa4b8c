import { inventory, profileId } from '@rackwright/contracts';
import { defineSaga } from '@rackwright/saga';
import { z } from 'zod';
import * as steps from './association-steps.js';
import { holder } from './association-view.js';
import { PATIENT, QUICK } from './retries.js';
import { evidenceOf } from './saga-servers.js';

const { EPOCHS, FOR_EVERYBODY, FOR_FABRICS, FOR_HOLDERS, RESERVE } = steps;

/**
 * Takes a profile off its server: stopped, cut, cleared, its sessions over, its zones and masks taken away when asked.
 * Once the server is being stopped the saga only goes forward: half off is no place to come back from.
 */
export const disassociateProfile = defineSaga(
  'disassociate-profile',
  1,
  z.strictObject({ profileId, removeAccess: z.boolean(), graceMs: z.int().min(0), actor: z.string() }),
)
  .step('reserve', {
    ...RESERVE,
    input: ({ input }) => ({ kind: 'disassociate' as const, profileId: input.profileId, actor: input.actor }),
    summary: 'reserve profile and server, raise their epochs',
  })
  .together((step) => ({
    'raise-network': step({ ...steps.raiseNetwork, undo: EPOCHS }),
    'raise-storage': step({ ...steps.raiseStorage, undo: EPOCHS }),
    'raise-power': step({ ...steps.raisePower, undo: EPOCHS }),
  }))
  .pointOfNoReturn()
  .step('stop-server', {
    ...FOR_HOLDERS,
    ...steps.stop(holder, { graceMs: (view) => graceOf(view), proof: 'two-readings' }),
    ...PATIENT,
    undo: 'forward-only',
  })
  .together((step) => ({
    'close-lan': step({ ...FOR_HOLDERS, ...steps.closeLan(holder), ...PATIENT, undo: 'forward-only' }),
    'close-san': step({ ...FOR_HOLDERS, ...steps.closeSan(holder), ...PATIENT, undo: 'forward-only' }),
  }))
  .step('clear-identity', {
    ...FOR_HOLDERS,
    ...steps.clearIdentity(holder),
    ...PATIENT,
    retryFrom: 'stop-server',
    undo: 'forward-only',
  })
  .step('end-sessions', { ...steps.endSessions, ...PATIENT, retryFrom: 'stop-server', undo: 'forward-only' })
  .step('unzone', {
    when: ({ input }) => input.removeAccess,
    ...FOR_FABRICS,
    ...steps.unzone,
    ...PATIENT,
    undo: 'forward-only',
  })
  .step('unmask', { when: ({ input }) => input.removeAccess, ...steps.unmask, ...PATIENT, undo: 'forward-only' })
  .step('check-access-gone', {
    when: ({ input }) => input.removeAccess,
    ...steps.checkAccess('absent'),
    ...PATIENT,
    undo: 'forward-only',
  })
  .step('end-association', {
    command: inventory.endAssociation,
    input: ({ input, outputs }) => ({
      profileId: input.profileId,
      evidence: evidenceOf(...Object.values(outputs['clear-identity']), outputs['end-sessions']),
    }),
    summary: 'take the profile off the server',
    undo: 'forward-only',
    ...QUICK,
  })
  .step('forget-holders', {
    ...FOR_HOLDERS,
    command: inventory.clearFormerHolder,
    input: ({ input, outputs, item }) => ({
      profileId: input.profileId,
      serverId: item.id,
      evidence: evidenceOf(outputs['clear-identity'][item.id]),
    }),
    summary: ({ item }) => `note that ${item.name} carries nothing any more`,
    undo: 'forward-only',
    ...QUICK,
  })
  .step('release', { ...steps.release, undo: 'forward-only' })
  .abandonOnlyAfter((proof) =>
    proof
      .step('prove-off', { ...FOR_EVERYBODY, ...steps.proveOff })
      .together((step) => ({ 'prove-lan': step(steps.recheckLan), 'prove-san': step(steps.recheckSan) }))
      .step('quarantine', steps.releaseIntoQuarantine),
  )
  .build();

function graceOf(view: object): number {
  return (view as { readonly input: { readonly graceMs: number } }).input.graceMs;
}
