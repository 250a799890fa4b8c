import type { PinnedTransport } from '@rackwright/driver-core';
import {
  endCall,
  parseDeviceJson,
  tryParseDeviceJson,
  type Credential,
  type DeviceCall,
  type PinnedAnswer,
} from '@rackwright/driver-core';
import { MS_PER_SECOND } from '@rackwright/kernel';
import { z } from 'zod';
import { ALREADY_SO, BUSY_RETRY_AFTER_MS, PAGES_MAX, PAGE_SIZE, POWERSTORE_STATUS } from './powerstore-quirks.js';

const API = '/api/rest';
const LOGOUT_WITHIN_MS = 5 * MS_PER_SECOND;

const messagesSchema = z.object({
  messages: z.array(z.object({ code: z.string().optional(), message_l10n: z.string().optional() })).max(100),
});

/** A change that the array did not accept. */
export interface Refusal {
  readonly message: string;
  /** True for codes that say "it is so already". */
  readonly alreadySo: boolean;
}

export interface PowerStoreChange {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

interface Login {
  readonly cookie: string;
  readonly token: string;
}

/** One signed-in session: made for one driver call and ended with it, so that it can be revoked and none piles up. */
export class PowerStoreSession {
  constructor(
    private readonly transport: PinnedTransport,
    private readonly login: Login,
  ) {}

  /** All rows of a collection, page by page. */
  async rows<T>(path: string, row: z.ZodType<T>, call: DeviceCall): Promise<readonly T[]> {
    const found = await this.rowsIfOffered(path, row, call);
    return found ?? endCall({ kind: 'unknown', why: 'unparseable', message: `the array does not offer ${path}` });
  }

  /** As {@link rows}; undefined where this version of the array does not have the collection. */
  async rowsIfOffered<T>(path: string, row: z.ZodType<T>, call: DeviceCall): Promise<readonly T[] | undefined> {
    const rows: T[] = [];
    for (let page = 0; page < PAGES_MAX; page++) {
      const at = `${API}/${path}${path.includes('?') ? '&' : '?'}limit=${PAGE_SIZE}&offset=${rows.length}`;
      const answer = await this.transport.send({ method: 'GET', path: at, headers: this.headers() }, call);
      if (answer.status === 404 && page === 0) return undefined;
      // Nothing at this offset: the collection ended exactly with the last page.
      if (answer.status === 416) return rows;
      if (answer.status !== 200 && answer.status !== 206) return failed(answer, path);
      const parsed = z
        .array(row)
        .max(PAGE_SIZE * 2)
        .safeParse(parseDeviceJson(answer.body, path));
      if (!parsed.success) return unparseable(path);
      rows.push(...parsed.data);
      if (answer.status === 200 || parsed.data.length === 0 || rows.length >= totalOf(answer)) return rows;
    }
    return unparseable(path);
  }

  /** Sends one change. Undefined when it was accepted; a refusal when the array said no. Everything else ends the call. */
  async change({ method, path, body }: PowerStoreChange, call: DeviceCall): Promise<Refusal | undefined> {
    const headers = { ...this.headers(), 'content-type': 'application/json', 'dell-emc-token': this.login.token };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.transport.send({ method, path: `${API}/${path}`, headers, ...text }, call);
    if (answer.status >= 200 && answer.status <= 299) return undefined;
    if (POWERSTORE_STATUS[answer.status] !== 'read-back') return failed(answer, path);
    const codes = messagesOf(answer).map((message) => message.code ?? '');
    return { message: textOf(answer, path), alreadySo: codes.some((code) => ALREADY_SO.has(code)) };
  }

  async end(call: DeviceCall): Promise<void> {
    const { gate, clock } = call;
    const grace = { gate, clock, deadline: new Date(clock.now().getTime() + LOGOUT_WITHIN_MS) };
    const headers = { ...this.headers(), 'dell-emc-token': this.login.token };
    await this.transport
      .send({ method: 'POST', path: `${API}/logout`, headers, mutating: false }, grace)
      .catch(() => undefined);
  }

  private headers(): Record<string, string> {
    return { cookie: `auth_cookie=${this.login.cookie}`, accept: 'application/json' };
  }
}

/** Signs in with Basic on the first read; the answer's cookie and token carry the rest of the call. */
export async function withSession<T>(
  transport: PinnedTransport,
  credential: Credential | undefined,
  call: DeviceCall,
  work: (session: PowerStoreSession) => Promise<T>,
): Promise<T> {
  const basic = Buffer.from(`${credential?.username ?? ''}:${credential?.password ?? ''}`, 'utf8').toString('base64');
  const headers = { authorization: `Basic ${basic}`, accept: 'application/json' };
  const answer = await transport.send({ method: 'GET', path: `${API}/login_session?select=id`, headers }, call);
  if (answer.status !== 200 && answer.status !== 206) failed(answer, 'login_session');
  const cookies = answer.headers['set-cookie'] ?? [];
  const cookie = cookies
    .map((text) => /^auth_cookie=([^;\s]{1,4096})/.exec(text)?.[1])
    .find((text) => text !== undefined);
  const token = answer.headers['dell-emc-token'];
  if (cookie === undefined || typeof token !== 'string' || /[\r\n]/.test(token)) return unparseable('login_session');
  const session = new PowerStoreSession(transport, { cookie, token });
  try {
    return await work(session);
  } finally {
    await session.end(call);
  }
}

function totalOf(answer: PinnedAnswer): number {
  const total = /\/(\d{1,9})$/.exec(answer.headers['content-range'] ?? '')?.[1];
  return total === undefined ? Number.POSITIVE_INFINITY : Number(total);
}

function messagesOf(answer: PinnedAnswer): z.infer<typeof messagesSchema>['messages'] {
  const parsed = messagesSchema.safeParse(tryParseDeviceJson(answer.body));
  return parsed.success ? parsed.data.messages : [];
}

function textOf(answer: PinnedAnswer, path: string): string {
  const texts = messagesOf(answer).map(({ code, message_l10n }) => `${message_l10n ?? ''} (${code ?? 'no code'})`);
  return `${path}: status ${answer.status} ${texts.join('; ').slice(0, 400)}`.trim();
}

function failed(answer: PinnedAnswer, path: string): never {
  const message = textOf(answer, path);
  const meaning = POWERSTORE_STATUS[answer.status] ?? 'unknown';
  if (meaning === 'busy') return endCall({ kind: 'busy', retryAfterMs: BUSY_RETRY_AFTER_MS, message });
  if (meaning === 'login') return endCall({ kind: 'refused', code: 'powerstore.login', message });
  if (meaning === 'read-back') return endCall({ kind: 'refused', code: 'powerstore.refused', message });
  return endCall({ kind: 'unknown', why: 'lost-response', message });
}

function unparseable(path: string): never {
  return endCall({ kind: 'unknown', why: 'unparseable', message: `the array's answer about ${path} is not usable` });
}
