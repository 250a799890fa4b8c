import type { DeviceCall, DeviceEndpoint, SendTicket } from '@rackwright/driver-core';
import { AppError } from '@rackwright/kernel';
import { CertificateRefused, CertificateTrust } from '../transport/certificate-trust.js';
import { ExchangeFailed, HttpExchange, type HttpRequest } from '../transport/http-exchange.js';
import type { JsonObject } from '../transport/safe-json.js';
import { GENERIC_QUIRKS, quirksOf, type RedfishQuirks } from '../quirks/index.js';
import { readAnswer, type RedfishAnswer } from './answer.js';
import { commonEnd, judgeWrite, type WriteVerdict } from './answer.policy.js';
import { CallEnded, endUnknown, refuse } from './call-end.js';
import { at, link } from './fields.js';
import { RedfishSession } from './redfish-session.js';

/** A resource as it was read, with what is needed to change it conditionally. */
export interface Resource {
  readonly uri: string;
  readonly body: JsonObject;
  readonly etag: string | undefined;
  readonly at: Date;
}

export interface Change {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly uri: string;
  readonly body: JsonObject;
  /** The version the change is based on; its ETag goes along as `If-Match`. */
  readonly base?: Resource;
  /** True when what the change is about is still as it was in `base`: only then may a refused ETag be worked around. */
  readonly unchanged?: (fresh: Resource) => boolean;
}

const ROOT_PATH = '/redfish/v1/';
const MISSING: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 501]);
const BASE_HEADERS = { accept: 'application/json', 'accept-encoding': 'identity', 'odata-version': '4.0' };

/** `host`, `host:port` or an https URL as an origin. Throws `redfish.bad-address`; plain http would carry credentials in the clear. */
export function originOf(address: string): string {
  const url = URL.canParse(address) && /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`;
  if (!URL.canParse(url)) throw new AppError('redfish.bad-address', `"${address}" is not the address of a BMC`);
  const { protocol, origin } = new URL(url);
  if (protocol !== 'https:') throw new AppError('redfish.bad-address', `"${address}": only https is spoken to a BMC`);
  return origin;
}

/**
 * Redfish over one device: sessions, the send gate, tolerant reading, conditional changes. What comes from the device
 * is hostile until read: links to other origins are not followed, bodies are capped, nothing is believed to have happened.
 */
export class RedfishClient {
  readonly origin: string;
  private readonly trust: CertificateTrust;
  private readonly calm: HttpExchange;
  private exchange: HttpExchange;
  private session: RedfishSession | undefined;
  private rootResource: Resource | undefined;
  private rootQuirks: RedfishQuirks = GENERIC_QUIRKS;
  /** Asked before a change is sent again on a new session: is this still the machine we mean? */
  recognisePeer: ((call: DeviceCall) => Promise<void>) | undefined;

  constructor(private readonly endpoint: DeviceEndpoint) {
    this.origin = originOf(endpoint.address);
    this.trust = new CertificateTrust(endpoint.trust);
    this.calm = new HttpExchange(this.origin, this.trust, false);
    this.exchange = this.calm;
  }

  get logins(): number {
    return this.session?.logins ?? 0;
  }

  /** The service root: read without credentials, kept for the life of the client. */
  async root(call: DeviceCall): Promise<Resource> {
    if (this.rootResource) return this.rootResource;
    const answer = await this.sendOnce({ method: 'GET', path: ROOT_PATH, headers: {} }, call, false);
    const body = this.bodyOf(answer, ROOT_PATH);
    if (body === undefined) refuse('redfish.no-service-root', `no Redfish service root at ${this.origin}`);
    this.rootQuirks = quirksOf(body);
    if (this.rootQuirks.keepAlive) this.exchange = new HttpExchange(this.origin, this.trust, true);
    const sessions = link(at(body, 'Links', 'Sessions')) ?? undefined;
    const sessionsPath = sessions === undefined ? undefined : this.tryResolve(sessions);
    this.session = new RedfishSession(
      this.endpoint.credential,
      sessionsPath,
      (message, via) => this.sendOnce(message, via, false),
      this.rootQuirks.auth === 'basic',
    );
    this.rootResource = { uri: ROOT_PATH, body, etag: undefined, at: call.clock.now() };
    return this.rootResource;
  }

  /** A link's path on this device; undefined when it leads elsewhere. Fragments (`#/PowerControl/0`) are cut off. */
  tryResolve(uri: string): string | undefined {
    if (/[\s\\\0]/.test(uri) || !URL.canParse(uri, this.origin)) return undefined;
    const url = new URL(uri, this.origin);
    return url.origin === this.origin && url.username === '' ? `${url.pathname}${url.search}` : undefined;
  }

  /** Reads a resource; undefined when the device does not have it. Throws the early end of anything that leaves it open. */
  async read(uri: string, call: DeviceCall): Promise<Resource | undefined> {
    const path = this.tryResolve(uri);
    if (path === undefined)
      refuse('redfish.foreign-link', 'a link of the device leads to another origin; not followed');
    await this.root(call);
    const answer = await this.send({ method: 'GET', path, headers: {} }, call, false);
    const body = this.bodyOf(answer, path);
    if (body === undefined) return undefined;
    const etag = answer.headers.get('etag') ?? at(body, '@odata.etag');
    // An empty ETag is some BMCs' way of saying that there is none.
    const usable = typeof etag === 'string' && etag !== '' && etag !== '""' ? etag : undefined;
    return { uri: path, body, etag: usable, at: call.clock.now() };
  }

  /** Sends a change and says what its answer means. One send, but for a refused ETag over fields nobody else touched. */
  async change(change: Change, quirks: RedfishQuirks, call: DeviceCall): Promise<WriteVerdict> {
    const path = this.tryResolve(change.uri);
    if (path === undefined)
      refuse('redfish.foreign-link', 'a link of the device leads to another origin; not followed');
    const tried = new Set<string | undefined>();
    let etag = quirks.ifMatch ? change.base?.etag : undefined;
    while (!tried.has(etag)) {
      tried.add(etag);
      const verdict = judgeWrite(await this.sendChange(change, path, etag, call));
      if (verdict.kind !== 'precondition') return verdict;
      const fresh = await this.stillUnchanged(change, call);
      if (fresh === undefined) break;
      // Nobody touched what we change: the new ETag, then the strong form of a weak one (iLO), then none at all.
      const candidates = [fresh.etag, fresh.etag?.replace(/^W\//, ''), undefined];
      etag = candidates.find((candidate) => !tried.has(candidate));
    }
    return { kind: 'conflict', message: 'somebody else changed the resource (ETag)' };
  }

  async close(): Promise<void> {
    await this.session?.end();
    this.rootResource = undefined;
    this.session = undefined;
    await this.calm.close();
    if (this.exchange !== this.calm) await this.exchange.close();
  }

  private sendChange(change: Change, path: string, etag: string | undefined, call: DeviceCall): Promise<RedfishAnswer> {
    const match = etag === undefined ? {} : { 'if-match': etag };
    if (change.method === 'DELETE') return this.send({ method: 'DELETE', path, headers: match }, call, true);
    const headers = { 'content-type': 'application/json', ...match };
    return this.send({ method: change.method, path, headers, body: JSON.stringify(change.body) }, call, true);
  }

  private async stillUnchanged(change: Change, call: DeviceCall): Promise<Resource | undefined> {
    if (!change.base || !change.unchanged) return undefined;
    const fresh = await this.read(change.base.uri, call);
    return fresh !== undefined && change.unchanged(fresh) ? fresh : undefined;
  }

  private bodyOf(answer: RedfishAnswer, path: string): JsonObject | undefined {
    if (MISSING.has(answer.status)) return undefined;
    const end = commonEnd(answer);
    if (end) throw new CallEnded(end);
    if (answer.body === undefined) endUnknown('unparseable', `what came for ${path} is not a JSON object`);
    // Some services answer a dead resource with 200 and an error body.
    if (answer.status >= 400 || (at(answer.body, 'error') !== undefined && !('@odata.id' in answer.body)))
      return undefined;
    return answer.body;
  }

  /** Sends with credentials; after a 401 once more on a new session, through the gate again. */
  private async send(message: HttpRequest, call: DeviceCall, mutating: boolean): Promise<RedfishAnswer> {
    await this.root(call);
    const { session } = this;
    if (session === undefined) refuse('redfish.closed', 'the driver was closed while the call was under way');
    if (this.endpoint.credential && !this.trust.mayCarryCredentials) {
      refuse(
        'device.certificate-not-pinned',
        'the certificate was seen for the first time; pin it before credentials are sent',
      );
    }
    const answer = await this.authorised(message, session, call, mutating);
    if (answer.status !== 401 || !session.forget()) return answer;
    await session.headers(call);
    if (mutating) await this.recognisePeer?.(call);
    return this.authorised(message, session, call, mutating);
  }

  private async authorised(
    message: HttpRequest,
    session: RedfishSession,
    call: DeviceCall,
    mutating: boolean,
  ): Promise<RedfishAnswer> {
    const headers = { ...message.headers, ...(await session.headers(call)) };
    return this.sendOnce({ ...message, headers }, call, mutating);
  }

  /** The only place where something leaves for the device: one permit, one send, the ticket closed however it ends. */
  private async sendOnce(message: HttpRequest, call: DeviceCall, mutating: boolean): Promise<RedfishAnswer> {
    const path = this.tryResolve(message.path);
    if (path === undefined)
      refuse('redfish.foreign-link', 'a link of the device leads to another origin; not followed');
    const ticket = await call.gate.permit({ device: this.origin, verb: message.method, target: path, mutating });
    try {
      const answer = await this.exchange.send(
        { ...message, path, headers: { ...BASE_HEADERS, ...message.headers } },
        call,
      );
      await ticket.close('answered');
      return readAnswer(answer);
    } catch (error) {
      return await this.endOf(error, ticket, path);
    }
  }

  private async endOf(error: unknown, ticket: SendTicket, path: string): Promise<never> {
    await ticket.close('no-answer');
    if (error instanceof CertificateRefused) refuse(error.code, error.message);
    if (error instanceof ExchangeFailed) endUnknown(error.why, `${path}: ${error.message}`);
    throw error;
  }
}
