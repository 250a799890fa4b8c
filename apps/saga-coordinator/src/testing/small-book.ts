import { inventory } from '@rackwright/contracts';
import { defineSaga, none } from '@rackwright/saga';
import { z } from 'zod';
import type { SagaBook } from '../saga-book.js';

/** Two steps on inventory's own tables, the second of which can be made to be refused by naming a pool nobody made. */
export const smallSaga = defineSaga(
  'define-profile',
  1,
  z.object({ name: z.string(), site: z.string(), pool: z.string().optional() }),
)
  .step('make-site', {
    command: inventory.putSite,
    summary: ({ input }) => `make site ${input.site}`,
    input: ({ input }) => ({ name: input.site, description: '', racks: [] }),
    undo: {
      command: inventory.putSite,
      input: ({ input }) => ({ name: input.site, description: 'given up', racks: [] }),
    },
  })
  .step('make-server', {
    command: inventory.putServer,
    onRefused: 'stuck',
    input: ({ input }) => ({
      name: input.name,
      boardSerial: `serial-${input.name}`,
      powerFeeds: [],
      cabling: [],
      site: input.site,
      ...(input.pool !== undefined && { pool: input.pool }),
    }),
    undo: none('a declared server is not taken back'),
  })
  .step('make-pool', {
    command: inventory.putServerPool,
    input: ({ input }) => ({ name: `${input.name}-pool`, description: '', qualification: {} }),
    undo: none('an empty pool does no harm'),
  })
  .abandonOnlyAfter((proof) =>
    proof.step('prove', {
      command: inventory.putSite,
      input: ({ input }) => ({ name: input.site, description: 'abandoned', racks: [] }),
    }),
  )
  .build();

/** A book whose one saga runs for every definition of a profile; the profile's group names the server pool. */
export const smallBook: SagaBook = {
  definitions: [smallSaga],
  sagaFor: (request) => {
    const definition = request.kind === 'define-profile' ? request.definition : undefined;
    const name = definition?.name ?? 'nothing';
    const pool = definition?.group === 'default' ? {} : { pool: definition?.group };
    return { definition: smallSaga, input: { name, site: `site-${name}`, ...pool }, title: `define ${name}` };
  },
};
