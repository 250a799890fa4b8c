import type { Clock, RandomSource } from '@rackwright/kernel';
import { basicCredentials, type HttpCall } from '../device-http.js';
import { restError } from './fos-error.js';

export interface FosSession {
  readonly key: string;
  readonly user: string;
  lastUsedMs: number;
}

export interface SessionRules {
  readonly user: string;
  readonly password: string;
  /** `max-rest-sessions`, 1 to 10; 3 as delivered. */
  readonly maxSessions: number;
  /** A session nobody uses this long is gone and its key answers 401; until then it keeps its place. */
  readonly idleExpiryMs: number;
}

/** REST sessions of one switch: few, kept until logout or idle expiry, and lost by nothing else. */
export class FosSessions {
  private readonly open = new Map<string, FosSession>();

  constructor(
    private readonly rules: SessionRules,
    private readonly clock: Clock,
    private readonly random: RandomSource,
  ) {}

  get count(): number {
    this.expire();
    return this.open.size;
  }

  login(call: HttpCall): FosSession {
    const given = basicCredentials(call.headers.authorization);
    if (!given || given.user !== this.rules.user || given.password !== this.rules.password) {
      throw restError(401, 'Authentication failed', 2, 'access-denied');
    }
    if (this.count >= this.rules.maxSessions) {
      throw restError(503, 'Max limit for REST sessions reached', 3, 'resource-denied');
    }
    const key = `Custom_Basic ${Buffer.from(this.random.bytes(24)).toString('base64')}`;
    const session = { key, user: given.user, lastUsedMs: this.clock.monotonicMs() };
    this.open.set(key, session);
    return session;
  }

  /** The session of a request; 401 when the key is unknown, ended or expired. */
  require(call: HttpCall): FosSession {
    this.expire();
    const session = this.open.get(call.headers.authorization ?? '');
    if (!session) throw restError(401, 'Invalid session key', 2, 'access-denied');
    session.lastUsedMs = this.clock.monotonicMs();
    return session;
  }

  logout(session: FosSession): void {
    this.open.delete(session.key);
  }

  /** Ends every session, as a restart of the switch does. */
  clear(): void {
    this.open.clear();
  }

  private expire(): void {
    const now = this.clock.monotonicMs();
    for (const session of this.open.values()) {
      if (now - session.lastUsedMs > this.rules.idleExpiryMs) this.open.delete(session.key);
    }
  }
}
