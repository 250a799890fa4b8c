import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SystemRandom } from '@rackwright/kernel';

export interface CaptureCredential {
  readonly username: string;
  readonly password: string;
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The sessions of one served capture. Full when `limit` are open: a client that forgets to log out runs into it. */
export class CaptureSessions {
  private readonly tokens = new Map<string, string>();
  private readonly random = new SystemRandom();
  private opened = 0;

  constructor(
    private readonly credential: CaptureCredential,
    private readonly limit: number,
  ) {}

  get count(): number {
    return this.tokens.size;
  }

  accepts(credential: Partial<CaptureCredential>): boolean {
    return (
      same(credential.username ?? '', this.credential.username) &&
      same(credential.password ?? '', this.credential.password)
    );
  }

  /** Undefined when the limit is reached. */
  open(): { readonly id: string; readonly token: string } | undefined {
    if (this.tokens.size >= this.limit) return undefined;
    const id = String(++this.opened);
    const token = Buffer.from(this.random.bytes(16)).toString('hex');
    this.tokens.set(token, id);
    return { id, token };
  }

  end(id: string): boolean {
    for (const [token, held] of this.tokens) if (held === id) return this.tokens.delete(token);
    return false;
  }

  endAll(): void {
    this.tokens.clear();
  }

  /** True with a live token, or with basic authentication where that is allowed. */
  admits(request: IncomingMessage, basicAllowed: boolean): boolean {
    const token = request.headers['x-auth-token'];
    if (typeof token === 'string') return this.tokens.has(token);
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!basicAllowed || basic === undefined) return false;
    const [username, ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':');
    return this.accepts({ username: username ?? '', password: rest.join(':') });
  }
}
