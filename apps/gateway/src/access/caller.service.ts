import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@rackwright/kernel';
import { Database } from '@rackwright/persistence';
import { CLOCK } from '@rackwright/service-host';
import type { Caller } from '../http/request-types.js';
import type { Role } from './roles.js';
import { hashToken } from './secrets.js';

interface Row {
  name: string;
  role: Role;
  kind: 'user' | 'token';
  expires_at: Date | null;
}

/** Who sent a request, by its bearer token. */
@Injectable()
export class CallerService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined for no, a wrong, a revoked or an expired token. */
  async find(authorization: string | undefined): Promise<Caller | undefined> {
    const [, token] = /^Bearer +(rw[st]_[A-Za-z0-9_-]{43})$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    const tokenHash = hashToken(token);
    const [row] = await this.database.query<Row>(
      `SELECT username AS name, role, 'user' AS kind, expires_at FROM sessions JOIN users ON users.id = user_id WHERE token_hash = $1
       UNION ALL SELECT name, role, 'token', expires_at FROM tokens WHERE token_hash = $1`,
      [tokenHash],
    );
    if (row === undefined || (row.expires_at !== null && row.expires_at <= this.clock.now())) return undefined;
    const { name, role, kind } = row;
    const expiry = row.expires_at === null ? {} : { expiresAt: row.expires_at };
    return { actor: `${kind}:${name}`, name, role, kind, tokenHash, ...expiry };
  }
}
