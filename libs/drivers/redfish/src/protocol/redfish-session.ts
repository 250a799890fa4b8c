import type { Credential, DeviceCall } from '@rackwright/driver-core';
import { endUnknown, refuse, CallEnded } from './call-end.js';
import { commonEnd } from './answer.policy.js';
import type { RedfishAnswer } from './answer.js';

/** Sends one request through the gate, without credentials of its own. */
export type RawSend = (
  message: { method: 'POST' | 'DELETE'; path: string; headers: Record<string, string>; body?: string },
  call: DeviceCall,
) => Promise<RedfishAnswer>;

const LOGOUT_BUDGET_MS = 5_000;

interface OpenSession {
  readonly token: string;
  readonly location: string | undefined;
}

/** Statuses by which a BMC says that it has no session service (not: that it does not like us). */
const NO_SESSION_SERVICE: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/**
 * The driver's one session on a device. Sessions are scarce (iDRAC answers 503 when all are taken), so one is shared by
 * all calls and always ended; where there is no session service, basic authentication stands in.
 */
export class RedfishSession {
  private open: OpenSession | undefined;
  private opening: Promise<void> | undefined;
  private basic: boolean;
  private lastCall: DeviceCall | undefined;
  /** How often a session was opened: a new one is a new peer until it has been recognised. */
  logins = 0;

  constructor(
    private readonly credential: Credential | undefined,
    private readonly sessionsPath: string | undefined,
    private readonly send: RawSend,
    preferBasic: boolean,
  ) {
    this.basic = preferBasic || sessionsPath === undefined;
  }

  /** Headers that say who we are; opens the session when there is none. */
  async headers(call: DeviceCall): Promise<Record<string, string>> {
    if (this.credential === undefined) return {};
    if (!this.basic && this.open === undefined) {
      this.opening ??= this.login(this.credential, call).finally(() => (this.opening = undefined));
      await this.opening;
    }
    if (this.open) return { 'x-auth-token': this.open.token };
    const { username, password } = this.credential;
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}` };
  }

  /** After a 401: forgets the session. False when another login would change nothing. */
  forget(): boolean {
    const had = this.open !== undefined;
    this.open = undefined;
    return had;
  }

  /** Ends the session on the device; what goes wrong is left to the device's own expiry. Repeat-safe. */
  async end(): Promise<void> {
    const { open, lastCall } = this;
    this.open = undefined;
    if (!open?.location || !lastCall) return;
    const { gate, clock } = lastCall;
    const call: DeviceCall = { gate, clock, deadline: new Date(clock.now().getTime() + LOGOUT_BUDGET_MS) };
    const headers = { 'x-auth-token': open.token };
    await this.send({ method: 'DELETE', path: open.location, headers }, call).catch(() => undefined);
  }

  private async login(credential: Credential, call: DeviceCall): Promise<void> {
    this.lastCall = call;
    const body = JSON.stringify({ UserName: credential.username, Password: credential.password });
    const path = this.sessionsPath ?? '';
    const answer = await this.send(
      { method: 'POST', path, headers: { 'content-type': 'application/json' }, body },
      call,
    );
    this.logins++;
    if (NO_SESSION_SERVICE.has(answer.status)) {
      this.basic = true;
      return;
    }
    const end = commonEnd(answer);
    if (end) throw new CallEnded(end);
    const token = answer.headers.get('x-auth-token');
    if (answer.status >= 300) refuse('device.bad-credentials', `the device refused the session (${answer.status})`);
    if (!token) endUnknown('unparseable', 'the device opened a session and gave no token');
    const location = answer.headers.get('location') ?? undefined;
    this.open = { token, location };
  }
}
