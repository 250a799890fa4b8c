import type { World } from '../world/index.js';
import { CheckerSet, type CheckerOptions } from './checker.js';
import { OneHolder } from './one-holder.js';
import { OnePath, OneWriter } from './one-writer.js';
import { CleanTarget, InertQuarantine, SafeStart } from './safe-start.js';

export * from './checker.js';
export * from './inventory-of.js';
export * from './one-holder.js';
export * from './one-writer.js';
export * from './safe-start.js';

/** Every invariant that physics alone can tell, watched from now on. */
export function watchInvariants(
  world: World,
  options: CheckerOptions = {},
): CheckerSet & { readonly inert: InertQuarantine } {
  const inert = new InertQuarantine();
  const checkers = [new OneHolder(), new OnePath(), new OneWriter(), new SafeStart(), new CleanTarget(), inert];
  return Object.assign(new CheckerSet(world, checkers, options), { inert });
}
