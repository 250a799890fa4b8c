import type { Clock, RandomSource } from '@rackwright/kernel';
import { basicCredentials, type HttpCall } from '../device-http.js';
import { CODES, PowerStoreRefusal } from './powerstore-error.js';

export interface LoginSession {
  readonly id: string;
  readonly cookie: string;
  readonly token: string;
  lastUsedMs: number;
}

export interface LoginRules {
  readonly user: string;
  readonly password: string;
  readonly idleExpiryMs: number;
  /** `cookie`: changes need the token only when the session cookie is sent; `always`: with Basic too. */
  readonly tokenNeeded: 'cookie' | 'always';
}

/**
 * Sign-in of a PowerStore: Basic on any request opens a session and the answer carries `auth_cookie` and
 * `DELL-EMC-TOKEN`; later requests may send the cookie alone, and then every request but GET needs the token. An
 * expired cookie answers 403, wrong credentials 401.
 */
export class PowerStoreSessions {
  private readonly open = new Map<string, LoginSession>();

  constructor(
    private readonly rules: LoginRules,
    private readonly clock: Clock,
    private readonly random: RandomSource,
  ) {}

  get count(): number {
    return this.open.size;
  }

  authenticate(call: HttpCall): LoginSession {
    this.expire();
    const cookie = /(?:^|;\s*)auth_cookie=([^;]+)/.exec(call.headers.cookie ?? '')?.[1];
    const known = cookie === undefined ? undefined : this.open.get(cookie);
    if (cookie !== undefined && !known) throw this.forbidden('The session is not valid any more');
    const session = known ?? this.loginByBasic(call);
    session.lastUsedMs = this.clock.monotonicMs();
    const needsToken = call.method !== 'GET' && (known !== undefined || this.rules.tokenNeeded === 'always');
    if (needsToken && !this.tokenKnown(call, known))
      throw this.forbidden('The DELL-EMC-TOKEN header is missing or wrong');
    return session;
  }

  logout(session: LoginSession): void {
    this.open.delete(session.cookie);
  }

  private loginByBasic(call: HttpCall): LoginSession {
    const given = basicCredentials(call.headers.authorization);
    if (!given || given.user !== this.rules.user || given.password !== this.rules.password) {
      throw new PowerStoreRefusal(401, CODES.notAuthenticated, 'Authentication failed');
    }
    const text = (length: number): string => Buffer.from(this.random.bytes(length)).toString('base64url');
    const session = { id: text(12), cookie: text(24), token: text(24), lastUsedMs: this.clock.monotonicMs() };
    this.open.set(session.cookie, session);
    return session;
  }

  private tokenKnown(call: HttpCall, session: LoginSession | undefined): boolean {
    const token = call.headers['dell-emc-token'];
    if (session) return token === session.token;
    return [...this.open.values()].some((each) => each.token === token);
  }

  private forbidden(message: string): PowerStoreRefusal {
    return new PowerStoreRefusal(403, CODES.forbidden, message);
  }

  private expire(): void {
    const now = this.clock.monotonicMs();
    for (const each of this.open.values()) if (now - each.lastUsedMs > this.rules.idleExpiryMs) this.logout(each);
  }
}
