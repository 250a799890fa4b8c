import { AppError } from '@rackwright/kernel';
import type { Caller, GatewayRequest } from './request-types.js';

/** Who sent the request; only for routes that are not public. */
export function callerOf(request: GatewayRequest): Caller {
  if (request.caller === undefined) throw new AppError('gateway.no-caller', 'a public route asked who is calling');
  return request.caller;
}
