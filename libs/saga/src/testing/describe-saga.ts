import type { SagaDefinition } from '../definition.js';
import type { SagaHarness } from './harness.js';
import { sagaCases, type SagaCaseOptions } from './saga-cases.js';

export interface DescribeSagaOptions extends SagaCaseOptions {
  /** Milliseconds a case may take; jest's own limit unless said otherwise. */
  readonly timeoutMs?: number;
}

/**
 * Makes one jest suite of all cases of a saga, see {@link sagaCases}. The harness is opened once, used by one case after
 * the other, and closed at the end. Uses jest's globals, so that importing this library outside jest is harmless.
 */
export function describeSaga<In>(
  definition: SagaDefinition<In>,
  openHarness: () => SagaHarness<In> | Promise<SagaHarness<In>>,
  options: DescribeSagaOptions = {},
): void {
  describe(`saga ${definition.name} version ${definition.version}`, () => {
    let harness: SagaHarness;
    beforeAll(async () => {
      harness = (await openHarness()) as SagaHarness;
    }, options.timeoutMs);
    afterAll(async () => {
      await harness.close();
    }, options.timeoutMs);
    for (const sagaCase of sagaCases(definition, options)) {
      it(sagaCase.name, () => sagaCase.run(harness), options.timeoutMs);
    }
  });
}
