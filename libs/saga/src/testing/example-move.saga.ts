import { defineCommand } from '@rackwright/contracts';
import { z } from 'zod';

import { defineSaga, none } from '../index.js';

/**
 * A small move, the example of the guide and of this library's own tests: every kind of step a saga can have, and none
 * of the care a real move needs.
 */
const serverInput = z.object({ serverId: z.string() });
const nothing = z.object({});
const command = (name: string, input: z.ZodType = serverInput, result: z.ZodType = nothing) =>
  defineCommand({ service: 'inventory', name, summary: name, input, result });

const reserve = defineCommand({
  service: 'inventory',
  name: 'reserve-server',
  summary: 'Reserve a server',
  input: z.object({ profileId: z.string() }),
  result: z.object({ serverId: z.string() }),
});
const raise = defineCommand({
  service: 'inventory',
  name: 'raise-epoch',
  summary: 'Raise the epoch',
  input: z.object({ profileId: z.string() }),
  result: z.object({ epoch: z.number() }),
});
const zone = command('ensure-zone', z.object({ fabric: z.string() }), z.object({ zone: z.string() }));

export const exampleCommands = {
  reserve,
  raise,
  zone,
  release: command('release-server'),
  fence: command('fence-server'),
  program: command('program-server'),
  clear: command('clear-server'),
  mask: command('ensure-mask'),
  warn: command('warn-owner'),
  commit: command('commit-move'),
  retire: command('retire-server'),
  proveInert: command('prove-inert'),
};
const c = exampleCommands;

export const exampleMove = defineSaga(
  'example-move',
  1,
  z.object({
    profileId: z.string(),
    formerServers: z.array(z.string()),
    fabrics: z.array(z.string()),
    warn: z.boolean(),
  }),
)
  .step('reserve-target', {
    command: c.reserve,
    input: ({ input }) => ({ profileId: input.profileId }),
    undo: { command: c.release, input: ({ output }) => ({ serverId: output?.serverId ?? 'srv_target' }) },
  })
  .step('raise-epoch', {
    command: c.raise,
    input: ({ input }) => ({ profileId: input.profileId }),
    raisesEpoch: ({ epoch }) => epoch,
    undo: none('epochs never go down'),
  })
  .step('warn-owner', {
    command: c.warn,
    when: ({ input }) => input.warn,
    input: ({ outputs }) => ({ serverId: outputs['reserve-target'].serverId }),
    undo: none('a message cannot be taken back'),
  })
  .step('fence-former', {
    command: c.fence,
    forEach: ({ input }) => input.formerServers,
    input: ({ item }) => ({ serverId: item }),
    undo: 'turn',
    noMarkDone: true,
  })
  .together((step) => ({
    'program-target': step({
      command: c.program,
      input: ({ outputs }) => ({ serverId: outputs['reserve-target'].serverId }),
      undo: 'turn',
    }),
    'ensure-zones': step({
      command: c.zone,
      forEach: ({ input }) => input.fabrics,
      atMost: 1,
      input: ({ item }) => ({ fabric: item }),
      undo: 'turn',
    }),
  }))
  .turn('fence-former', (back) =>
    back
      .step('raise-epoch-again', {
        command: c.raise,
        input: ({ input }) => ({ profileId: input.profileId }),
        raisesEpoch: ({ epoch }) => epoch,
      })
      .step('fence-target', {
        command: c.fence,
        input: ({ outputs }) => ({ serverId: outputs['reserve-target']?.serverId ?? 'srv_target' }),
        noMarkDone: true,
      })
      .step('clear-target', { command: c.clear, input: () => ({ serverId: 'srv_target' }), retryFrom: 'fence-target' }),
  )
  .pointOfNoReturn()
  .step('commit-move', {
    command: c.commit,
    input: ({ outputs }) => ({ serverId: outputs['reserve-target'].serverId }),
    undo: 'forward-only',
  })
  .step('retire-former', {
    command: c.retire,
    forEach: ({ input }) => input.formerServers,
    input: ({ item }) => ({ serverId: item }),
    undo: 'forward-only',
    retryFrom: 'commit-move',
  })
  .abandonOnlyAfter((proof) =>
    proof.step('prove-inert', {
      command: c.proveInert,
      forEach: ({ input }) => [...input.formerServers, 'srv_target'],
      input: ({ item }) => ({ serverId: item }),
      noMarkDone: true,
    }),
  )
  .build();
