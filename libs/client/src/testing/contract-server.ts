import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** What a route answers. A body that is no text goes as JSON. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Route = (request: SeenRequest) => Answer | Promise<Answer>;

const PREFIX = '/api/v1';
export const PASSWORD = 'open sesame';
export const TOKEN = 'token-of-admin';

/** Answers sign-in, lists in pages, events with resume, and whatever routes a test adds. */
export class ContractServer {
  readonly requests: SeenRequest[] = [];
  readonly items = new Map<string, readonly unknown[]>();
  /** Injected answers that were really given. */
  refusalsGiven = 0;
  private readonly routes = new Map<string, Route>();
  private readonly refusals: Answer[] = [];
  private readonly events: { readonly id: number; readonly body: unknown }[] = [];
  private readonly streams = new Set<ServerResponse>();

  private constructor(private readonly http: HttpServer) {
    this.on('POST /sessions', ({ text }) => {
      const { username, password } = JSON.parse(text) as Record<string, unknown>;
      if (password !== PASSWORD) return problem(401, 'wrong-credentials', 'user name or password is wrong');
      const user = { name: username, role: 'administrator' };
      return { status: 201, body: { token: TOKEN, expiresAt: '2026-01-02T08:00:00Z', user } };
    });
    this.on('DELETE /sessions/current', () => ({ status: 204 }));
  }

  static async start(): Promise<ContractServer> {
    const http = createServer();
    const server = new ContractServer(http);
    http.on('request', (request, response) => void server.answer(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** `on('GET /runs/run_1', () => ({ body: run }))`; the last one said for a route counts. */
  on(route: string, answer: Route): this {
    this.routes.set(route, answer);
    return this;
  }

  /** A route that answers one after the other; the last answer stays. */
  onSequence(route: string, bodies: readonly unknown[]): this {
    const left = [...bodies];
    return this.on(route, () => ({ body: left.length > 1 ? left.shift() : left[0] }));
  }

  /** The next requests, whatever they are, get this instead. */
  refuse(...answers: readonly Answer[]): void {
    this.refusals.push(...answers);
  }

  emit(id: number, body: unknown): void {
    this.events.push({ id, body });
    for (const stream of this.streams) writeEvent(stream, id, body);
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** Cuts every open stream without a word. */
  breakStreams(): number {
    const cut = this.streams.size;
    for (const stream of this.streams) stream.destroy();
    return cut;
  }

  asked(route: string): SeenRequest[] {
    return this.requests.filter(({ method, path }) => `${method} ${path}` === route);
  }

  async close(): Promise<void> {
    this.breakStreams();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await seen(incoming);
    this.requests.push(request);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      this.refusalsGiven++;
      return send(response, refusal);
    }
    if (request.path !== '/sessions' && request.headers['authorization'] !== `Bearer ${TOKEN}`) {
      return send(response, problem(401, 'not-signed-in', 'the token is not valid'));
    }
    if (request.path === '/events') return this.follow(request, response);
    const route = this.routes.get(`${request.method} ${request.path}`);
    if (route !== undefined) return send(response, await route(request));
    const items = this.items.get(request.path.slice(1));
    if (items !== undefined && request.method === 'GET') return send(response, page(items, request.query));
    send(response, problem(404, 'not-found', `there is no ${request.path}`));
  }

  private follow({ headers, query }: SeenRequest, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': follows\n\n');
    const last = headers['last-event-id'];
    const from = last === undefined ? Number(query['from'] ?? Number.POSITIVE_INFINITY) : Number(last) + 1;
    for (const { id, body } of this.events) if (id >= from) writeEvent(response, id, body);
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }
}

/** An error of the API as it is on the wire. */
export function problem(status: number, code: string, detail: string, more: object = {}): Answer {
  return {
    status,
    body: { type: `urn:rackwright:problem:${code}`, title: 'Problem', status, code, detail, ...more },
    headers: { 'content-type': 'application/problem+json' },
  };
}

function writeEvent(stream: ServerResponse, id: number, body: unknown): void {
  stream.write(`id: ${id}\ndata: ${JSON.stringify(body)}\n\n`);
}

async function seen(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? '/', 'http://server');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: incoming.headers as Record<string, string | undefined>,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

function page(items: readonly unknown[], query: Readonly<Record<string, string>>): Answer {
  const start = Number(query['cursor'] ?? 0);
  const end = start + Number(query['limit'] ?? 100);
  const more = end < items.length ? { nextCursor: String(end) } : {};
  return { body: { items: items.slice(start, end), total: items.length, ...more } };
}

function send(response: ServerResponse, { status = 200, body, headers }: Answer): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}
