import type { HardwareEvent } from '@rackwright/sim';
import type { Estate } from './estate.js';

/** Something that is done once, at the very moment a condition is met, and whether that has happened. */
export interface Moment {
  readonly fired: boolean;
  /** Settles when what was begun at the moment has ended; rejects when the moment never came. */
  over(): Promise<void>;
}

/**
 * Does something inside a hardware event of the simulation: before the answer of the device that caused it is on the
 * wire, so its owner cannot know of it. `cut` runs at once; `then` is begun and goes on beside the simulation.
 */
export function atHardwareEvent(
  estate: Estate,
  matches: (event: HardwareEvent) => boolean,
  actions: { readonly cut?: () => void; readonly then: () => Promise<void> },
): Moment {
  let begun: Promise<void> | undefined;
  const stop = estate.simulation.world.observe((event) => {
    if (begun || !matches(event)) return;
    actions.cut?.();
    begun = actions.then();
    // Nobody may be waiting for it yet when it fails.
    begun.catch(() => undefined);
  });
  return {
    get fired() {
      return begun !== undefined;
    },
    over: async () => {
      stop();
      if (!begun) throw new Error('the moment never came');
      await begun;
    },
  };
}

/** As {@link atHardwareEvent}, when the command of a saga's step has arrived at its receiver and is not handled yet. */
export function atCommand(
  estate: Estate,
  step: string,
  actions: { readonly cut?: () => void; readonly then: () => Promise<void> },
): Moment {
  let begun: Promise<void> | undefined;
  estate.seam.onCommand = (_sagaId, key) => {
    if (begun || key.split('[')[0] !== step) return Promise.resolve();
    actions.cut?.();
    begun = actions.then();
    begun.catch(() => undefined);
    return Promise.resolve();
  };
  return {
    get fired() {
      return begun !== undefined;
    },
    over: async () => {
      estate.seam.onCommand = undefined;
      if (!begun) throw new Error('the moment never came');
      await begun;
    },
  };
}
