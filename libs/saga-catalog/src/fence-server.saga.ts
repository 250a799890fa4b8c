import { inventory, serverId } from '@rackwright/contracts';
import { defineSaga } from '@rackwright/saga';
import { z } from 'zod';
import * as steps from './association-steps.js';
import { source } from './association-view.js';
import { PATIENT, QUICK } from './retries.js';

const { EPOCHS, RESERVE } = steps;

/**
 * Fences a server by hand: off by force and proven, all its ports closed, its identity cleared, then quarantined. The
 * profile stays with it until a migrate takes it away. There is no way back: a person asked for it.
 */
export const fenceServer = defineSaga(
  'fence-server',
  1,
  z.strictObject({ serverId, reason: z.string(), actor: z.string() }),
)
  .step('reserve', {
    ...RESERVE,
    input: ({ input }) => ({ kind: 'fence' as const, targetServerId: input.serverId, actor: input.actor }),
    summary: 'reserve the server, raise its epoch',
  })
  .together((step) => ({
    'raise-network': step({ ...steps.raiseNetwork, undo: EPOCHS }),
    'raise-storage': step({ ...steps.raiseStorage, undo: EPOCHS }),
    'raise-power': step({ ...steps.raisePower, undo: EPOCHS }),
  }))
  .pointOfNoReturn()
  // The ports first: they stop the server from doing harm while its BMC is still being asked.
  .together((step) => ({
    'close-lan': step({ ...steps.closeLan(source), ...PATIENT, undo: 'forward-only' }),
    'close-san': step({ ...steps.closeSan(source), ...PATIENT, undo: 'forward-only' }),
  }))
  .step('stop-server', { ...steps.stop(source, { proof: 'two-readings' }), ...PATIENT, undo: 'forward-only' })
  .step('clear-identity', { ...steps.clearIdentity(source), ...PATIENT, retryFrom: 'close-lan', undo: 'forward-only' })
  .step('quarantine', {
    command: inventory.releaseAssociation,
    input: ({ input }) => ({ quarantine: [{ serverId: input.serverId, reason: input.reason }] }),
    summary: 'quarantine the server and give the locks back',
    undo: 'forward-only',
    ...QUICK,
  })
  .build();
