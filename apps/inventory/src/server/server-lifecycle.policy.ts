import type { ServerLifecycle } from '@rackwright/contracts';

export interface LifecycleStep {
  readonly from: ServerLifecycle;
  readonly to: 'available' | 'maintenance' | 'quarantined' | 'retired';
  readonly hasProfile: boolean;
  /** It is among the former holders of a profile. */
  readonly mayCarryIdentity: boolean;
}

const ALLOWED: Readonly<Record<ServerLifecycle, readonly LifecycleStep['to'][]>> = {
  enrolled: ['available', 'maintenance', 'quarantined', 'retired'],
  available: ['maintenance', 'quarantined', 'retired'],
  assigned: ['maintenance'],
  maintenance: ['available', 'quarantined', 'retired'],
  quarantined: ['available', 'retired'],
  retired: ['available'],
};

/** Why a person may not move a server this way; undefined when they may. Pure. */
export function lifecycleProblem(step: LifecycleStep): { code: string; message: string } | undefined {
  if (!ALLOWED[step.from].includes(step.to))
    return { code: 'not-allowed', message: `a server that is ${step.from} cannot become ${step.to}` };
  if (step.to === 'available' && step.mayCarryIdentity && !step.hasProfile)
    return {
      code: 'former-holder',
      message: 'it may still carry the identity of a profile; associating or migrating that profile clears it',
    };
  if (step.to === 'retired' && step.hasProfile)
    return { code: 'not-allowed', message: 'it carries a profile; disassociate or migrate that first' };
  return undefined;
}
