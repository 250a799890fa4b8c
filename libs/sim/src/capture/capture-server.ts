import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppError } from '@rackwright/kernel';
import { selfSignedCertificate, type ServerCertificate } from './certificate.js';
import { CaptureSessions, type CaptureCredential } from './sessions.js';
import { readCaptured, serviceRootOf } from './tree.js';

export interface CaptureServerOptions {
  /** Folder of the capture: `<folder>/<path>/index.json`, or the same below `redfish/v1`. */
  readonly folder: string;
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** Undefined serves everything without asking who it is. */
  readonly credential?: CaptureCredential;
  readonly basicAllowed?: boolean;
  readonly sessionsMax?: number;
  /** Undefined makes a fresh self-signed one. */
  readonly certificate?: ServerCertificate;
}

export interface CaptureServer {
  readonly url: string;
  readonly port: number;
  readonly certificate: ServerCertificate;
  readonly openSessions: () => number;
  /** Ends every session, as a BMC restart does. */
  readonly forgetSessions: () => void;
  /** `METHOD path` of every request, in order. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

const BODY_MAX_BYTES = 64 * 1024;
const SESSIONS_PATH = ['SessionService', 'Sessions'];

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

function sendError(
  response: ServerResponse,
  status: number,
  messageId: string,
  headers?: Record<string, string>,
): void {
  const error = { code: messageId, message: messageId, '@Message.ExtendedInfo': [{ MessageId: messageId }] };
  sendJson(response, status, { error }, headers);
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_MAX_BYTES) throw new AppError('sim.body-too-large', 'the request body is too large');
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Answers the requests of one served capture. Reading is all a capture can do: every write but sessions is 405. */
class CaptureFace {
  readonly requests: string[] = [];

  constructor(
    private readonly root: string,
    private readonly sessions: CaptureSessions | undefined,
    private readonly basicAllowed: boolean,
  ) {}

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'https://capture').pathname;
    const method = request.method ?? 'GET';
    this.requests.push(`${method} ${path}`);
    response.setHeader('odata-version', '4.0');
    if (path === '/redfish' || path === '/redfish/') return sendJson(response, 200, { v1: '/redfish/v1/' });
    if (!/^\/redfish\/v1(\/|$)/.test(path)) return sendError(response, 404, 'Base.1.0.ResourceMissingAtURI');
    const segments = decodeURIComponent(path)
      .split('/')
      .filter((part) => part !== '')
      .slice(2);
    const isSessions = segments.slice(0, 2).join('/').toLowerCase() === SESSIONS_PATH.join('/').toLowerCase();
    if (isSessions && method === 'POST' && segments.length === 2) return this.openSession(request, response);
    const isPublic = segments.length === 0 || segments[0] === '$metadata' || segments[0] === 'odata';
    if (!isPublic && this.sessions && !this.sessions.admits(request, this.basicAllowed)) {
      return sendError(response, 401, 'Base.1.0.NoValidSession', { 'www-authenticate': 'Basic realm="redfish"' });
    }
    if (isSessions && method === 'DELETE' && segments.length === 3) {
      const ended = this.sessions?.end(segments[2] ?? '') ?? true;
      return ended ? void response.writeHead(204).end() : sendError(response, 404, 'Base.1.0.ResourceMissingAtURI');
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return sendError(response, 405, 'Base.1.0.OperationNotAllowed', { allow: 'GET, HEAD' });
    }
    this.read(request, response, segments);
  }

  private async openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const credential = { username: String(body['UserName'] ?? ''), password: String(body['Password'] ?? '') };
    if (this.sessions && !this.sessions.accepts(credential)) {
      return sendError(response, 401, 'Base.1.0.ResourceAtUriUnauthorized');
    }
    const session = this.sessions ? this.sessions.open() : { id: '1', token: 'open' };
    if (session === undefined) {
      return sendError(response, 503, 'Base.1.0.SessionLimitExceeded', { 'retry-after': '30' });
    }
    const location = `/redfish/v1/${SESSIONS_PATH.join('/')}/${session.id}`;
    sendJson(
      response,
      201,
      { '@odata.id': location, Id: session.id, Name: 'User Session', UserName: credential.username },
      { 'x-auth-token': session.token, location },
    );
  }

  private read(request: IncomingMessage, response: ServerResponse, segments: readonly string[]): void {
    const found = readCaptured(this.root, segments);
    if (found === undefined) return sendError(response, 404, 'Base.1.0.ResourceMissingAtURI');
    if (request.headers['if-none-match'] === found.etag)
      return void response.writeHead(304, { etag: found.etag }).end();
    response.writeHead(found.status, {
      'content-type': found.contentType,
      'content-length': found.body.length,
      etag: found.etag,
      allow: 'GET, HEAD',
    });
    response.end(request.method === 'HEAD' ? undefined : found.body);
  }
}

/**
 * Serves a captured Redfish tree over TLS as its BMC would: sessions, 401 without a token (but for the service root),
 * 404, ETags. Throws `sim.not-a-capture` when the folder holds no service root.
 */
export async function serveCapture(options: CaptureServerOptions): Promise<CaptureServer> {
  const root = serviceRootOf(options.folder);
  if (root === undefined) {
    throw new AppError('sim.not-a-capture', `${options.folder} holds no Redfish service root (index.json)`);
  }
  const certificate = options.certificate ?? (await selfSignedCertificate());
  const sessions = options.credential && new CaptureSessions(options.credential, options.sessionsMax ?? 16);
  const face = new CaptureFace(root, sessions, options.basicAllowed ?? false);
  const server = createServer({ key: certificate.keyPem, cert: certificate.certPem }, (request, response) => {
    face.answer(request, response).catch(() => response.destroy());
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    certificate,
    openSessions: () => sessions?.count ?? 0,
    forgetSessions: () => sessions?.endAll(),
    requests: face.requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
