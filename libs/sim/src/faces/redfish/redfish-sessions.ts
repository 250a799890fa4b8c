import type { RandomSource } from '@rackwright/kernel';
import { basicCredentials } from '../device-http.js';

interface RedfishSession {
  readonly id: string;
  readonly token: string;
  readonly user: string;
  lastUsedMs: number;
}

export type Login =
  | { readonly ok: true; readonly id: string; readonly token: string }
  | { readonly ok: false; readonly why: 'full' | 'wrong' };

/** Sessions of one BMC: few, idle ones expire, those a client forgets stay until then. */
export class RedfishSessions {
  private readonly open = new Map<string, RedfishSession>();
  private next = 1;

  constructor(
    private readonly limits: { readonly max: number; readonly timeoutMs: number },
    private readonly credential: { readonly username: string; readonly password: string },
    private readonly from: { readonly now: () => number; readonly random: RandomSource },
  ) {}

  login(user: unknown, password: unknown): Login {
    this.expire();
    if (user !== this.credential.username || password !== this.credential.password) return { ok: false, why: 'wrong' };
    if (this.open.size >= this.limits.max) return { ok: false, why: 'full' };
    const id = String(this.next++);
    const token = Buffer.from(this.from.random.bytes(16)).toString('hex');
    this.open.set(id, { id, token, user: this.credential.username, lastUsedMs: this.from.now() });
    return { ok: true, id, token };
  }

  /** True when the request carries a live token or the right Basic credentials. */
  admits(headers: { readonly 'x-auth-token'?: string | string[]; readonly authorization?: string }): boolean {
    this.expire();
    const token = headers['x-auth-token'];
    if (token !== undefined) {
      const session = [...this.open.values()].find((each) => each.token === token);
      if (session) session.lastUsedMs = this.from.now();
      return session !== undefined;
    }
    const basic = basicCredentials(headers.authorization);
    return basic?.user === this.credential.username && basic.password === this.credential.password;
  }

  ids(): readonly string[] {
    this.expire();
    return [...this.open.keys()];
  }

  userOf(id: string): string | undefined {
    return this.open.get(id)?.user;
  }

  end(id: string): boolean {
    return this.open.delete(id);
  }

  /** All at once, as when the BMC restarts. */
  endAll(): void {
    this.open.clear();
  }

  private expire(): void {
    for (const session of this.open.values()) {
      if (this.from.now() - session.lastUsedMs > this.limits.timeoutMs) this.open.delete(session.id);
    }
  }
}
