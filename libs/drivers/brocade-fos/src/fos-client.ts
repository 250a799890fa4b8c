import type { PinnedTransport } from '@rackwright/driver-core';
import { endCall, parseDeviceJson, type Credential, type DeviceCall, type PinnedAnswer } from '@rackwright/driver-core';
import { MS_PER_SECOND } from '@rackwright/kernel';
import { z } from 'zod';
import { BUSY_RETRY_AFTER_MS, FOS_STATUS, quirksOf, type FosQuirks } from './fos-quirks.js';
import { field, listOf, textOf } from './yang-json.js';

const YANG_JSON = 'application/yang-data+json';
const LOGOUT_WITHIN_MS = 5 * MS_PER_SECOND;

const errorsSchema = z.object({ errors: z.object({ error: z.unknown() }) });

/** What a request that was refused said, for people. */
function errorText(answer: PinnedAnswer): string {
  let body: unknown;
  try {
    body = JSON.parse(answer.body) as unknown;
  } catch {
    return `status ${answer.status}`;
  }
  const errors = errorsSchema.safeParse(body);
  const texts = errors.success
    ? listOf(errors.data.errors.error).map((one) => textOf(field(one, 'error-message')) ?? '')
    : [];
  return `status ${answer.status}${texts.length > 0 ? `: ${texts.join('; ').slice(0, 400)}` : ''}`;
}

/** One logged-in session; requests go on it one after the other. */
export class FosSession {
  constructor(
    private readonly transport: PinnedTransport,
    private readonly key: string,
    readonly firmware: string | undefined,
    readonly identity: { readonly name: string | undefined; readonly model: string | undefined },
  ) {}

  get quirks(): FosQuirks {
    return quirksOf(this.firmware);
  }

  /** The content of `Response`; undefined for 404, which is how FOS says "none". Other failures end the call. */
  async read(path: string, call: DeviceCall): Promise<unknown> {
    const answer = await this.transport.send({ method: 'GET', path, headers: this.headers() }, call);
    return contentOf(answer, path);
  }

  /** Sends a change (`mutating: false` only for what takes back this call's own staged edits). Failures end the call. */
  async change(
    request: { method: string; path: string; body: unknown; mutating?: boolean },
    call: DeviceCall,
  ): Promise<void> {
    const { method, path, mutating = true } = request;
    const headers = { ...this.headers(), 'content-type': YANG_JSON };
    const answer = await this.transport.send(
      { method, path, headers, body: JSON.stringify(request.body), mutating },
      call,
    );
    if (answer.status < 200 || answer.status > 299) failed(answer, path);
  }

  private headers(): Record<string, string> {
    return { authorization: this.key, accept: YANG_JSON };
  }
}

function contentOf(answer: PinnedAnswer, path: string): unknown {
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) return failed(answer, path);
  const response = field(parseDeviceJson(answer.body, path), 'Response');
  return response ?? endCall({ kind: 'unknown', why: 'unparseable', message: `${path}: the answer holds no Response` });
}

function failed(answer: PinnedAnswer, path: string): never {
  const message = `${path}: ${errorText(answer)}`;
  const meaning = FOS_STATUS[answer.status] ?? 'unknown';
  if (meaning === 'busy') return endCall({ kind: 'busy', retryAfterMs: BUSY_RETRY_AFTER_MS, message });
  if (meaning === 'unknown') return endCall({ kind: 'unknown', why: 'lost-response', message });
  // The session expired or was ended on the switch: the next call logs in anew.
  if (meaning === 'login') return endCall({ kind: 'busy', retryAfterMs: BUSY_RETRY_AFTER_MS, message });
  return endCall({ kind: 'refused', code: `fos.${meaning}`, message });
}

/** Log-in, log-out and the order of calls on one switch: a pool of exactly one session. */
export class FosClient {
  readonly transport: PinnedTransport;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    transport: PinnedTransport,
    private readonly credential: Credential | undefined,
  ) {
    this.transport = transport;
  }

  /** Runs `work` in a session of its own, after every call before it. Always logs out. */
  async session<T>(call: DeviceCall, work: (session: FosSession) => Promise<T>): Promise<T> {
    const previous = this.tail;
    const run = previous.then(
      () => this.alone(call, work),
      () => this.alone(call, work),
    );
    this.tail = run.catch(() => undefined);
    return run;
  }

  private async alone<T>(call: DeviceCall, work: (session: FosSession) => Promise<T>): Promise<T> {
    const key = await this.login(call);
    try {
      return await work(await this.opened(key, call));
    } finally {
      await this.logout(key, call);
    }
  }

  private async login(call: DeviceCall): Promise<string> {
    const { username, password } = this.credential ?? { username: '', password: '' };
    const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
    const headers = { authorization: `Basic ${basic}`, accept: YANG_JSON };
    const answer = await this.transport.send({ method: 'POST', path: '/rest/login', headers, mutating: false }, call);
    const key = answer.headers['authorization'] ?? answer.headers['authentication-info'];
    if (answer.status === 200 && typeof key === 'string' && key.length < 4096) return key;
    if (answer.status === 401) {
      return endCall({ kind: 'refused', code: 'fos.login', message: 'the switch does not accept the credential' });
    }
    if (answer.status === 200)
      return endCall({ kind: 'unknown', why: 'unparseable', message: 'log-in gave no session key' });
    return failed(answer, '/rest/login');
  }

  private async opened(key: string, call: DeviceCall): Promise<FosSession> {
    const headers = { authorization: key, accept: YANG_JSON };
    const path = '/rest/running/brocade-fibrechannel-switch/fibrechannel-switch';
    const content = contentOf(await this.transport.send({ method: 'GET', path, headers }, call), path);
    const self = listOf(field(content, 'fibrechannel-switch'))[0];
    const identity = { name: textOf(field(self, 'user-friendly-name')), model: textOf(field(self, 'model')) };
    return new FosSession(this.transport, key, textOf(field(self, 'firmware-version')), identity);
  }

  /** A session that is not ended counts against the limit of three until it expires: log out even after the deadline. */
  private async logout(key: string, call: DeviceCall): Promise<void> {
    const { gate, clock } = call;
    const grace = { gate, clock, deadline: new Date(clock.now().getTime() + LOGOUT_WITHIN_MS) };
    const headers = { authorization: key, accept: YANG_JSON };
    await this.transport
      .send({ method: 'POST', path: '/rest/logout', headers, mutating: false }, grace)
      .catch(() => undefined);
  }
}
