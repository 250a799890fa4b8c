import { readEvents, type ApiEvent, type EventsOptions } from './event-stream.js';
import type {
  DocumentChange,
  DocumentResult,
  Page,
  Placement,
  Plan,
  PlanRequest,
  Profile,
  RackDocument,
  Server,
  Session,
  SwitchPort,
  SystemStatus,
  TokenRequest,
} from './model.js';
import { pageOf, pagesOf, type ListOptions } from './paging.js';
import { RunsApi } from './runs.js';
import { pathOf, Transport, type ApiRequest, type ClientOptions } from './transport.js';

/** Lists of the API, by the last part of their address. */
export type Collection =
  | 'sites'
  | 'server-pools'
  | 'servers'
  | 'profiles'
  | 'networks'
  | 'network-sets'
  | 'mac-pools'
  | 'wwn-pools'
  | 'switches'
  | 'fabrics'
  | 'arrays'
  | 'volumes'
  | 'bmcs'
  | 'runs'
  | 'tokens';

export type ListQuery = ListOptions & Readonly<Record<string, string | number | boolean | undefined>>;

/** YAML text, or documents already parsed. */
export type Documents = string | readonly RackDocument[];

/** The public REST API of Rackwright. Safe to share; holds no connection state but the token. */
export class RackwrightClient {
  readonly runs: RunsApi;

  private constructor(private readonly transport: Transport) {
    this.runs = new RunsApi(transport);
  }

  /** Connects nowhere yet. */
  static to(options: ClientOptions): RackwrightClient {
    return new RackwrightClient(new Transport(options));
  }

  /** Signs in; {@link withToken} makes a client that acts as this user. @throws AppError of status 401 */
  signIn(username: string, password: string): Promise<Session> {
    return this.transport.json({ method: 'POST', path: '/sessions', body: { username, password } });
  }

  withToken(token: string): RackwrightClient {
    return new RackwrightClient(this.transport.withToken(token));
  }

  /** Ends the session of this token; the token is worthless afterwards. */
  async signOut(): Promise<void> {
    await this.transport.call({ method: 'DELETE', path: '/sessions/current' });
  }

  me(): Promise<Readonly<Record<string, unknown>>> {
    return this.transport.json({ path: '/me' });
  }

  createToken(request: TokenRequest): Promise<{ readonly token: string; readonly id?: string }> {
    return this.transport.json({ method: 'POST', path: '/tokens', body: request });
  }

  async deleteToken(id: string): Promise<void> {
    await this.transport.call({ method: 'DELETE', path: pathOf('tokens', id) });
  }

  status(): Promise<SystemStatus> {
    return this.transport.json({ path: '/status' });
  }

  /** Every item of a list, across pages. */
  list<T = Readonly<Record<string, unknown>>>(collection: Collection, query: ListQuery = {}): AsyncGenerator<T> {
    return pagesOf<T>(this.transport, `/${collection}`, query);
  }

  /** One page, with its total. */
  page<T = Readonly<Record<string, unknown>>>(collection: Collection, query: ListQuery = {}): Promise<Page<T>> {
    return pageOf<T>(this.transport, `/${collection}`, query);
  }

  server(idOrName: string): Promise<Server> {
    return this.transport.json({ path: pathOf('servers', idOrName) });
  }

  /** Moves a server in its life cycle; `to` is available, maintenance, quarantined or retired. */
  setLifecycle(server: string, to: string, reason: string): Promise<unknown> {
    const path = pathOf('servers', server, 'lifecycle');
    return this.transport.json({ method: 'POST', path, body: { to, reason } });
  }

  /** Asks for the server's facts to be read again; answers before they are. */
  async refreshServer(server: string): Promise<void> {
    await this.transport.call({ method: 'POST', path: pathOf('servers', server, 'refresh'), repeatable: true });
  }

  profile(idOrName: string): Promise<Profile> {
    return this.transport.json({ path: pathOf('profiles', idOrName) });
  }

  /** Which servers could take a profile, and for every other one why not. */
  placement(profile: string, query: { readonly server?: string; readonly pool?: string } = {}): Promise<Placement> {
    return this.transport.json({ path: pathOf('profiles', profile, 'placement'), query: { ...query } });
  }

  deleteProfile(idOrName: string): Promise<{ readonly runId: string }> {
    return this.transport.json({ method: 'DELETE', path: pathOf('profiles', idOrName) });
  }

  switchPorts(name: string): Promise<Page<SwitchPort> & { readonly readAt?: string }> {
    return this.transport.json({ path: pathOf('switches', name, 'ports') });
  }

  /** What applying these would change. Changes nothing. */
  async planDocuments(documents: Documents): Promise<readonly DocumentChange[]> {
    const request = { ...documentsRequest('plan', documents), repeatable: true };
    return (await this.transport.json<{ changes: readonly DocumentChange[] }>(request)).changes;
  }

  /**
   * Applies them; one bad document refuses the lot. Answers when new profiles are usable. Applying again changes nothing.
   * @throws AppError of status 422 when nothing was changed, 409 when an owner refused on the way: what came before stands
   */
  async applyDocuments(documents: Documents): Promise<readonly DocumentResult[]> {
    const request = { ...documentsRequest('apply', documents), repeatable: true };
    return (await this.transport.json<{ results: readonly DocumentResult[] }>(request)).results;
  }

  /** What is defined, as YAML; passwords are never part of it. */
  async exportDocuments(kind?: string): Promise<string> {
    const headers = { accept: 'application/yaml' };
    return (await this.transport.call({ path: '/documents', query: { kind }, headers })).text;
  }

  /** Computes a plan and keeps it; nothing else changes. A plan that cannot run says so in `blockedBy`. */
  createPlan(request: PlanRequest): Promise<Plan> {
    return this.transport.json({ method: 'POST', path: '/plans', body: request, repeatable: true });
  }

  plan(id: string): Promise<Plan> {
    return this.transport.json({ path: pathOf('plans', id) });
  }

  /** Events as they happen, resumed after the last one seen whenever the link breaks. Ends when `signal` aborts. */
  events(options: EventsOptions = {}): AsyncGenerator<ApiEvent> {
    return readEvents(this.transport, options);
  }
}

function documentsRequest(verb: 'plan' | 'apply', documents: Documents): ApiRequest {
  return {
    method: 'POST',
    path: `/documents/${verb}`,
    body: documents,
    ...(typeof documents === 'string' ? { contentType: 'application/yaml' } : {}),
    // Profiles are defined within the call, two minutes at most for each handful.
    timeoutMs: verb === 'plan' ? 120_000 : 1_800_000,
  };
}
