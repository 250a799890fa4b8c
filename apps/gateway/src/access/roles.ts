/** Each role may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'approver', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

/** True when somebody with the role `has` may do what `needs` is asked for. Pure. */
export function reaches(has: Role, needs: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needs);
}
