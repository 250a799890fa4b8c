import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Problem } from '../http/problem.js';
import type { GatewayRequest } from '../http/request-types.js';
import { CallerService } from './caller.service.js';
import { reaches, type Role } from './roles.js';

export const ACCESS = 'rackwright.access';
export type Access = Role | 'public';

/** The route is for callers with at least this role. */
export const RequiresRole = (role: Role) => SetMetadata(ACCESS, role);
/** The route is for everybody, signed in or not. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Lets nobody through a route that does not say who may come: forgetting the decorator closes the route. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly callers: CallerService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    const caller = await this.callers.find(request.headers.authorization);
    if (caller === undefined) throw new Problem(401, 'not-signed-in', 'no valid bearer token was sent');
    request.caller = caller;
    if (access === undefined) throw new Problem(403, 'role-too-low', 'nobody may use this route');
    if (!reaches(caller.role, access))
      throw new Problem(403, 'role-too-low', `this needs the role ${access}; ${caller.name} has ${caller.role}`);
    return true;
  }
}
