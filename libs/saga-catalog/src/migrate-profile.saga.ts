import { inventory, profileId, serverId } from '@rackwright/contracts';
import { defineSaga } from '@rackwright/saga';
import { z } from 'zod';
import * as steps from './association-steps.js';
import { holder, source, target } from './association-view.js';
import { QUICK } from './retries.js';
import { evidenceOf } from './saga-servers.js';

const { CLOSED_RESTS, EPOCHS, FOR_EVERYBODY, FOR_HOLDERS, OFF_RESTS, READS, RESERVE, UP_AGAIN } = steps;

/**
 * Moves a profile to another server, with the same names, addresses and disks. Zones and masks follow the WWPN, so no
 * fabric and no array is changed. Order (safety rule 4): the target is prepared first; then the source and every leftover
 * is stopped, cut in two ways (all ports closed, identity gone from the adapter) and shown to have no session; only then is
 * the target programmed, everything read again, its ports opened, and it is switched on. Until the commit a failure turns
 * the saga: the target is fenced like a source, and the profile comes back up where it was. A source that was in
 * quarantine already stays down then, with the profile still its own.
 */
export const migrateProfile = defineSaga(
  'migrate-profile',
  1,
  z.strictObject({ profileId, targetServerId: serverId, graceMs: z.int().min(0), actor: z.string() }),
)
  .step('reserve', {
    ...RESERVE,
    input: ({ input: { graceMs: _graceMs, ...input } }) => ({ kind: 'migrate' as const, ...input }),
    summary: 'reserve profile and servers, raise their epochs',
  })
  .together((step) => ({
    'raise-network': step({ ...steps.raiseNetwork, undo: EPOCHS }),
    'raise-storage': step({ ...steps.raiseStorage, undo: EPOCHS }),
    'raise-power': step({ ...steps.raisePower, undo: EPOCHS }),
    'resolve-networks': step({ ...steps.resolveNetworks, undo: READS }),
    'resolve-storage': step({ ...steps.resolveStorage, undo: READS }),
  }))
  .together((step) => ({
    'close-target-lan': step({ ...steps.closeLan(target), undo: CLOSED_RESTS }),
    'close-target-san': step({ ...steps.closeSan(target), undo: CLOSED_RESTS }),
  }))
  .step('stop-target', { ...steps.stop(target, { proof: 'one-reading' }), undo: OFF_RESTS })
  .together((step) => ({
    'check-target': step({ ...steps.checkClean, undo: READS }),
    'check-access': step({ ...steps.checkAccess('present'), undo: READS }),
  }))
  .step('stop-source', {
    ...FOR_HOLDERS,
    ...steps.stop(holder, { graceMs: (view) => graceOf(view), proof: 'two-readings' }),
    undo: 'turn',
  })
  .together((step) => ({
    'close-source-lan': step({ ...FOR_HOLDERS, ...steps.closeLan(holder), undo: 'turn' }),
    'close-source-san': step({ ...FOR_HOLDERS, ...steps.closeSan(holder), undo: 'turn' }),
  }))
  .step('clear-source', { ...FOR_HOLDERS, ...steps.clearIdentity(holder), undo: 'turn' })
  .step('end-sessions', { ...steps.endSessions, undo: 'turn' })
  .step('note-holder', { ...steps.noteHolder(target), undo: 'turn' })
  .step('programme', { ...steps.programme(target), undo: 'turn' })
  .together((step) => ({
    'recheck-locks': step({ ...steps.recheckLocks, undo: 'turn' }),
    'recheck-identity': step({ ...steps.recheckProgrammed(target), undo: 'turn' }),
    'recheck-source': step({ ...FOR_HOLDERS, ...steps.recheckHolderClean, undo: 'turn' }),
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
  .turn('stop-source', (back) =>
    back
      .step('raise-again', steps.raiseAgain)
      .together((step) => ({
        'back-raise-network': step(steps.raiseNetwork),
        'back-raise-storage': step(steps.raiseStorage),
        'back-raise-power': step(steps.raisePower),
      }))
      .step('back-stop', { ...FOR_EVERYBODY, ...steps.stop(holder, { proof: 'two-readings' }) })
      .together((step) => ({
        'back-close-lan': step({ ...FOR_EVERYBODY, ...steps.closeLan(holder) }),
        'back-close-san': step({ ...FOR_EVERYBODY, ...steps.closeSan(holder) }),
      }))
      .step('back-clear', { ...FOR_EVERYBODY, ...steps.clearIdentity(holder), retryFrom: 'back-stop' })
      .step('back-end-sessions', { ...steps.endSessions, retryFrom: 'back-stop' })
      .step('back-forget-target', {
        command: inventory.clearFormerHolder,
        input: ({ input, outputs }) => ({
          profileId: input.profileId,
          serverId: input.targetServerId,
          evidence: evidenceOf(outputs['back-clear']?.[input.targetServerId]),
        }),
        summary: 'note that the target carries nothing any more',
        ...QUICK,
      })
      .step('back-programme', { ...UP_AGAIN, ...steps.programme(source), retryFrom: 'back-stop' })
      .together((step) => ({
        'back-recheck-locks': step({ ...UP_AGAIN, ...steps.recheckLocks }),
        'back-recheck-identity': step({ ...UP_AGAIN, ...steps.recheckProgrammed(source) }),
        'back-recheck-lan': step({ ...UP_AGAIN, ...steps.recheckLan }),
        'back-recheck-san': step({ ...UP_AGAIN, ...steps.recheckSan }),
        'back-recheck-access': step({ ...UP_AGAIN, ...steps.checkAccess('present') }),
        'back-recheck-sessions': step({ ...UP_AGAIN, ...steps.recheckSessions }),
      }))
      .together((step) => ({
        'back-open-lan': step({ ...UP_AGAIN, ...steps.openLan(source) }),
        'back-open-san': step({ ...UP_AGAIN, ...steps.openSan(source) }),
      }))
      .step('back-power-on', { ...UP_AGAIN, ...steps.powerOn(source) })
      .together((step) => ({
        'back-verify-boot': step({ ...UP_AGAIN, ...steps.verifyBoot(source) }),
        'back-verify-logins': step({ ...UP_AGAIN, ...steps.verifyLogins(source) }),
      })),
  )
  .pointOfNoReturn()
  .step('commit', {
    command: inventory.commitAssociation,
    input: ({ input, outputs }) => ({
      profileId: input.profileId,
      serverId: input.targetServerId,
      evidence: evidenceOf(outputs['verify-boot'], outputs['verify-logins']),
    }),
    summary: 'make the profile belong to the new server',
    undo: 'forward-only',
    ...QUICK,
  })
  .step('forget-source', {
    ...FOR_HOLDERS,
    command: inventory.clearFormerHolder,
    input: ({ input, outputs, item }) => ({
      profileId: input.profileId,
      serverId: item.id,
      evidence: evidenceOf(outputs['clear-source'][item.id]),
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

/** How long the operating system gets to shut down before the server is switched off. */
function graceOf(view: object): number {
  return (view as { readonly input: { readonly graceMs: number } }).input.graceMs;
}
