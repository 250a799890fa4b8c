import type { Request, Response } from 'express';
import type { Role } from '../access/roles.js';

/** Who asks, once the guard has let the request through. */
export interface Caller {
  /** `user:admin` or `token:ci`: what messages and logs name. */
  readonly actor: string;
  readonly name: string;
  readonly role: Role;
  readonly kind: 'user' | 'token';
  readonly expiresAt?: Date;
  /** Hash of the bearer token. */
  readonly tokenHash: string;
}

export interface GatewayRequest extends Request {
  requestId: string;
  caller?: Caller;
  /** The body as it was sent, UTF-8. */
  rawText?: string;
}

export type { Response };
