import { inventory, profileId, serverId } from '@rackwright/contracts';
import { defineSaga } from '@rackwright/saga';
import { z } from 'zod';
import * as steps from './association-steps.js';
import { holder, target } from './association-view.js';
import { QUICK } from './retries.js';
import { evidenceOf } from './saga-servers.js';

const { CLOSED_RESTS, EPOCHS, FOR_EVERYBODY, FOR_FABRICS, FOR_HOLDERS, OFF_RESTS, READS, RESERVE, STAYS_CLEAN } = steps;

/**
 * Puts a profile on a server for the first time. Order (safety rule 4): epochs, former holders cut and cleared, target
 * closed, off and clean, identity, masks and zones, everything read again, ports, power, verified. A failure after
 * programming began goes back by fencing the target: off, closed, cleared, its zones and masks taken away.
 */
export const associateProfile = defineSaga(
  'associate-profile',
  1,
  z.strictObject({ profileId, targetServerId: serverId, actor: z.string() }),
)
  .step('reserve', {
    ...RESERVE,
    input: ({ input }) => ({ kind: 'associate' as const, ...input }),
    summary: 'reserve profile and server, raise their epochs',
  })
  .together((step) => ({
    'raise-network': step({ ...steps.raiseNetwork, undo: EPOCHS }),
    'raise-storage': step({ ...steps.raiseStorage, undo: EPOCHS }),
    'raise-power': step({ ...steps.raisePower, undo: EPOCHS }),
    'resolve-networks': step({ ...steps.resolveNetworks, undo: READS }),
    'resolve-storage': step({ ...steps.resolveStorage, undo: READS }),
  }))
  .step('stop-holders', { ...FOR_HOLDERS, ...steps.stop(holder, { proof: 'two-readings' }), undo: STAYS_CLEAN })
  .together((step) => ({
    'close-holder-lan': step({ ...FOR_HOLDERS, ...steps.closeLan(holder), undo: CLOSED_RESTS }),
    'close-holder-san': step({ ...FOR_HOLDERS, ...steps.closeSan(holder), undo: CLOSED_RESTS }),
    'close-target-lan': step({ ...steps.closeLan(target), undo: CLOSED_RESTS }),
    'close-target-san': step({ ...steps.closeSan(target), undo: CLOSED_RESTS }),
  }))
  .step('clear-holders', { ...FOR_HOLDERS, ...steps.clearIdentity(holder), undo: STAYS_CLEAN })
  .step('forget-holders', {
    ...FOR_HOLDERS,
    command: inventory.clearFormerHolder,
    input: ({ input, outputs, item }) => ({
      profileId: input.profileId,
      serverId: item.id,
      evidence: evidenceOf(outputs['clear-holders'][item.id]),
    }),
    summary: ({ item }) => `note that ${item.name} carries nothing any more`,
    undo: STAYS_CLEAN,
    ...QUICK,
  })
  .step('stop-target', { ...steps.stop(target, { proof: 'one-reading' }), undo: OFF_RESTS })
  .step('check-target', { ...steps.checkClean, undo: READS })
  .step('note-holder', { ...steps.noteHolder(target), undo: 'turn' })
  .step('programme', { ...steps.programme(target), undo: 'turn' })
  .step('mask', { ...steps.mask, undo: 'turn' })
  .step('zone', { ...FOR_FABRICS, ...steps.zone, undo: 'turn' })
  .together((step) => ({
    'recheck-locks': step({ ...steps.recheckLocks, undo: 'turn' }),
    'recheck-identity': step({ ...steps.recheckProgrammed(target), undo: 'turn' }),
    'recheck-holders': step({ ...FOR_HOLDERS, ...steps.recheckHolderClean, undo: 'turn' }),
    'recheck-lan': step({ ...steps.recheckLan, undo: 'turn' }),
    'recheck-san': step({ ...steps.recheckSan, undo: 'turn' }),
    'recheck-access': step({ ...steps.checkAccess('present'), undo: 'turn' }),
    'recheck-sessions': step({ ...steps.recheckSessions, undo: 'turn' }),
  }))
  .together((step) => ({
    'open-lan': step({ ...steps.openLan(target), undo: 'turn' }),
    'open-san': step({ ...steps.openSan(target), undo: 'turn' }),
  }))
  .step('power-on', { ...steps.powerOn(target), undo: 'turn' })
  .together((step) => ({
    'verify-boot': step({ ...steps.verifyBoot(target), undo: 'turn' }),
    'verify-logins': step({ ...steps.verifyLogins(target), undo: 'turn' }),
  }))
  .turn('note-holder', (back) =>
    back
      .step('raise-again', steps.raiseAgain)
      .together((step) => ({
        'back-raise-network': step(steps.raiseNetwork),
        'back-raise-storage': step(steps.raiseStorage),
        'back-raise-power': step(steps.raisePower),
      }))
      .step('back-stop-target', steps.stop(target, { proof: 'two-readings' }))
      .together((step) => ({
        'back-close-lan': step(steps.closeLan(target)),
        'back-close-san': step(steps.closeSan(target)),
      }))
      .step('back-clear-target', { ...steps.clearIdentity(target), retryFrom: 'back-stop-target' })
      .step('back-end-sessions', { ...steps.endSessions, retryFrom: 'back-stop-target' })
      .step('back-unzone', { ...FOR_FABRICS, ...steps.unzone })
      .step('back-unmask', steps.unmask)
      .step('back-forget-target', {
        command: inventory.clearFormerHolder,
        input: ({ input, outputs }) => ({
          profileId: input.profileId,
          serverId: input.targetServerId,
          evidence: evidenceOf(outputs['back-clear-target']),
        }),
        summary: 'note that the target carries nothing any more',
        ...QUICK,
      }),
  )
  .pointOfNoReturn()
  .step('commit', {
    command: inventory.commitAssociation,
    input: ({ input, outputs }) => ({
      profileId: input.profileId,
      serverId: input.targetServerId,
      evidence: evidenceOf(outputs['verify-boot'], outputs['verify-logins']),
    }),
    summary: 'make the profile belong to the server',
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
