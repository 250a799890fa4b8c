import type { Guard, ResultOf, SagaServer, inventory } from '@rackwright/contracts';
import {
  holdersOf,
  identityOn,
  profileOf,
  sourceOf,
  targetOf,
  type Begun,
  type ResolvedStorage,
  type ResolvedVnics,
} from './saga-servers.js';

/** The least a step of an association saga sees, going forward or back; every association saga names these steps alike. */
export interface AssociationView {
  readonly outputs: {
    readonly reserve?: Begun | undefined;
    readonly 'raise-again'?: ResultOf<typeof inventory.raiseEpochs> | undefined;
    readonly 'resolve-networks'?: { readonly vnics: ResolvedVnics } | undefined;
    readonly 'resolve-storage'?: { readonly storage: ResolvedStorage } | undefined;
  };
}

/** As {@link AssociationView}, for a step that runs once per former holder. */
export interface HolderView extends AssociationView {
  readonly item: SagaServer;
}

export function begunOf({ outputs }: AssociationView): Begun {
  if (!outputs.reserve) throw new Error('no step but the first runs before the saga has begun');
  return outputs.reserve;
}

/** The epochs in force: those of the start, or after the turn those raised there. */
export function guardsOf(view: AssociationView): Guard[] {
  return view.outputs['raise-again']?.guards ?? begunOf(view).guards;
}

export const target = (view: AssociationView): SagaServer => targetOf(begunOf(view));
export const source = (view: AssociationView): SagaServer => sourceOf(begunOf(view));
export const profile = (view: AssociationView): ReturnType<typeof profileOf> => profileOf(begunOf(view));
/** The source and every leftover: all are fenced before the identity moves. */
export const holders = (view: AssociationView): SagaServer[] => holdersOf(begunOf(view));
export const holder = (view: HolderView): SagaServer => view.item;

export function vnicsOf({ outputs }: AssociationView): ResolvedVnics {
  return outputs['resolve-networks']?.vnics ?? [];
}

export function storageOf({ outputs }: AssociationView): ResolvedStorage {
  return outputs['resolve-storage']?.storage ?? { vhbas: [], volumes: [], fabrics: [] };
}

/** What the adapters of this server are to show while the profile is on it. */
export function identityFor(view: AssociationView, server: SagaServer): ReturnType<typeof identityOn> {
  return identityOn(server, { uuid: profile(view).uuid, vnics: vnicsOf(view), storage: storageOf(view) });
}
