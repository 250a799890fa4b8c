import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FaultBook, FaultEffect } from '../../face.js';
import type { DeviceFace, FaceAddress, FaceTls } from '../device-face.js';
import { isRecord, tryJson } from '../device-http.js';
import { Bmc, type BmcOptions } from './bmc.js';
import {
  NO_CONTENT,
  notAllowed,
  notFound,
  refuse,
  type RedfishAnswer,
  type RedfishBody,
  type RedfishRequest,
} from './redfish-answer.js';
import { resourceAt, type RedfishResource } from './redfish-routes.js';

export interface RedfishFaceOptions extends BmcOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: FaceTls;
  readonly faults: FaultBook;
}

const BODY_MAX_BYTES = 1024 * 1024;

/** One BMC on its own TLS address. Dead while its server has no mains, mute while it hangs. */
export class RedfishFace implements DeviceFace {
  readonly bmc: Bmc;
  private server: Server | undefined;

  constructor(private readonly options: RedfishFaceOptions) {
    this.bmc = new Bmc(options);
  }

  async start(): Promise<FaceAddress> {
    const { host, port, tls } = this.options;
    const server = createServer({ cert: tls.cert, key: tls.key }, (request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    server.on('connection', (socket) => {
      if (!this.alive()) socket.destroy();
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const bound = (server.address() as AddressInfo).port;
    return { host, port: bound, url: `https://${host}:${bound}` };
  }

  async stop(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private alive(): boolean {
    const alive = this.bmc.world.power.hasMains(this.bmc.server);
    if (!alive) this.bmc.sessions.endAll();
    return alive;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.alive()) return void response.socket?.destroy();
    const text = await readBody(request);
    if (this.bmc.server.maintenance.hung) return;
    const url = new URL(request.url ?? '/', 'https://bmc');
    const segments = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    const method = request.method ?? 'GET';
    const body = (tryJson(text ?? '') ?? {}) as RedfishBody;
    const asked: RedfishRequest = { method, path: url.pathname, segments, headers: request.headers, body };
    const effect = this.options.faults.next({ device: this.bmc.options.server, verb: method, path: url.pathname });
    if (effect) await this.underFault(effect, asked, response);
    else if (text === undefined) send(response, { status: 413 });
    else send(response, this.answer(asked));
  }

  private async underFault(effect: FaultEffect, asked: RedfishRequest, response: ServerResponse): Promise<void> {
    switch (effect.kind) {
      case 'hang':
        return;
      case 'lose-request':
        return void response.socket?.destroy();
      case 'lose-response':
        this.answer(asked);
        return void response.socket?.destroy();
      case 'delay':
        await this.bmc.world.core.clock.sleep(effect.delayMs);
        return send(response, this.answer(asked));
      case 'half-apply':
        return send(response, this.answer({ ...asked, body: firstOnly(asked.body) }));
      case 'truncate':
        return truncated(response, this.answer(asked));
      case 'accept-and-ignore':
        return send(response, NO_CONTENT);
      case 'status':
        return sendFault(response, effect);
      default:
        return send(response, this.answer(asked));
    }
  }

  /** What this BMC says to one request, sockets aside. */
  answer(asked: RedfishRequest): RedfishAnswer {
    const [first, version] = asked.segments;
    if (first === 'redfish' && version === undefined) return { status: 200, body: { v1: '/redfish/v1/' } };
    if (first !== 'redfish' || version !== 'v1') return notFound(asked.path);
    const open =
      asked.segments.length === 2 || (asked.method === 'POST' && asked.path.endsWith('/SessionService/Sessions'));
    const odata = asked.headers['odata-version'];
    if (odata !== undefined && odata !== '4.0')
      return refuse(412, 'Base.1.8.PreconditionFailed', 'OData-Version must be 4.0.');
    if (!open && !this.bmc.sessions.admits(asked.headers as Record<string, string>)) {
      return refuse(401, 'Base.1.8.NoValidSession', 'There is no valid session established with the implementation.');
    }
    const resource = resourceAt(this.bmc, asked);
    return resource ? this.dispatch(resource, asked) : notFound(asked.path);
  }

  private dispatch(resource: RedfishResource, asked: RedfishRequest): RedfishAnswer {
    switch (asked.method) {
      case 'GET':
      case 'HEAD': {
        if (resource.get) return resource.get();
        const view = resource.view?.();
        return view ? { status: 200, body: view, headers: { ETag: this.etagOf(view) } } : notFound(asked.path);
      }
      case 'PATCH':
        return resource.patch
          ? (this.precondition(resource, asked) ?? resource.patch(asked.body))
          : this.refuseMethod(resource);
      case 'POST':
        return resource.post ? resource.post(asked.body) : this.refuseMethod(resource);
      case 'DELETE':
        return resource.remove
          ? (this.precondition(resource, asked) ?? resource.remove())
          : this.refuseMethod(resource);
      default:
        return this.refuseMethod(resource);
    }
  }

  private refuseMethod(resource: RedfishResource): RedfishAnswer {
    const { view, get, patch, post, remove } = resource;
    const allow = [(view ?? get) && 'GET', patch && 'PATCH', post && 'POST', remove && 'DELETE'];
    return notAllowed(allow.filter(Boolean).join(', '));
  }

  private precondition(resource: RedfishResource, asked: RedfishRequest): RedfishAnswer | undefined {
    const wanted = asked.headers['if-match'];
    if (wanted === undefined) {
      if (!this.options.requireIfMatch) return undefined;
      return refuse(428, 'Base.1.8.PreconditionRequired', 'If-Match is required.');
    }
    const view = resource.view?.();
    if (!view || wanted === '*' || wanted === this.etagOf(view)) return undefined;
    return refuse(412, 'Base.1.8.PreconditionFailed', 'The ETag supplied did not match the ETag of the resource.');
  }

  /** iLO sends weak ETags. Readings do not count, or the tag would change with every look. */
  private etagOf(view: RedfishBody): string {
    const { PowerControl, PowerWatts, DateTime, LastResetTime, ...rest } = view;
    void [PowerControl, PowerWatts, DateTime, LastResetTime];
    const tag = createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 16);
    return this.bmc.flavour === 'hpe' ? `W/"${tag}"` : `"${tag}"`;
  }
}

/** The first property at every level: what a BMC keeps that stops half-way. */
function firstOnly(body: RedfishBody): RedfishBody {
  const [first] = Object.entries(body);
  if (!first) return body;
  const [key, value] = first;
  return { [key]: isRecord(value) ? firstOnly(value) : value };
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  return size > BODY_MAX_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, answer: RedfishAnswer): void {
  const text = answer.body === undefined || answer.status === 204 ? undefined : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'OData-Version': '4.0',
    ...(text === undefined
      ? {}
      : { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }),
    ...answer.headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

function sendFault(response: ServerResponse, effect: FaultEffect & { kind: 'status' }): void {
  const headers = effect.retryAfterS === undefined ? {} : { 'Retry-After': String(effect.retryAfterS) };
  response.writeHead(effect.status, { 'Content-Type': effect.contentType ?? 'application/json', ...headers });
  response.end(
    effect.body ?? JSON.stringify(refuse(effect.status, 'Base.1.8.GeneralError', 'A fault was planted here.').body),
  );
}

/** Half of a JSON text with the length of the whole, then the connection closes. */
function truncated(response: ServerResponse, answer: RedfishAnswer): void {
  const text = JSON.stringify(answer.body ?? {});
  response.writeHead(answer.status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.socket?.destroy());
}
