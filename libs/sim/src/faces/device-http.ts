import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FaultEffect } from '../face.js';
import type { DeviceFaceOptions, FaceAddress } from './device-face.js';

/** One HTTP request as a face sees it; `segments` are decoded one by one, so `0%2F3` stays one segment. */
export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly rawBody: string;
  readonly remoteAddress: string;
  /** A fault planned for this request that the transport does not handle itself. */
  readonly fault?: FaultEffect;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The part of a device behind the transport. `plainError` shapes a 500 or 503 that a fault asked for. */
export interface HttpDevice {
  readonly name: string;
  answer(call: HttpCall): HttpAnswer | Promise<HttpAnswer>;
  plainError(status: number, message: string, call: HttpCall): HttpAnswer;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Real-socket HTTP(S) transport of a face, with the fault seam in front of the device. */
export class DeviceHttpServer {
  private server: Server | undefined;

  constructor(
    private readonly device: HttpDevice,
    private readonly options: DeviceFaceOptions,
  ) {}

  async start(): Promise<FaceAddress> {
    const { tls, host = '127.0.0.1', port = 0 } = this.options;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      this.serve(request, response).catch(() => response.destroy());
    };
    const server = tls ? createTlsServer({ cert: tls.cert, key: tls.key }, onRequest) : createServer(onRequest);
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const bound = (server.address() as AddressInfo).port;
    return { host, port: bound, url: `${tls ? 'https' : 'http'}://${host}:${bound}` };
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

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const rawBody = await readBody(request);
    if (rawBody === undefined) return send(response, { status: 413 });
    const call = readCall(request, rawBody);
    if (call === undefined) return send(response, { status: 400 });
    const { name } = this.device;
    const observed = { device: name, verb: call.method, path: call.path, body: tryJson(rawBody) };
    const fault = this.options.faultFor?.(observed);
    if (fault === undefined) return send(response, await this.device.answer(call));
    await this.serveUnderFault(call, response, fault);
  }

  private async serveUnderFault(call: HttpCall, response: ServerResponse, fault: FaultEffect): Promise<void> {
    switch (fault.kind) {
      case 'hang':
        return;
      case 'lose-request':
        return void response.socket?.destroy();
      case 'lose-response':
        await this.device.answer(call);
        return void response.socket?.destroy();
      case 'status':
        return send(response, this.faultAnswer(call, fault));
      case 'delay':
        await this.options.clock.sleep(fault.delayMs);
        return send(response, await this.device.answer(call));
      case 'truncate':
        return truncate(response, await this.device.answer(call));
      case 'accept-and-ignore':
        return send(response, { status: 204 });
      case 'lock-held':
      case 'checksum-conflict':
      case 'commit-half-way':
        return send(response, await this.device.answer({ ...call, fault }));
    }
  }

  private faultAnswer(call: HttpCall, fault: FaultEffect & { kind: 'status' }): HttpAnswer {
    const retry: Record<string, string> =
      fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) };
    if (fault.body !== undefined) {
      const headers = { 'content-type': fault.contentType ?? 'text/html', ...retry };
      return { status: fault.status, headers, body: fault.body };
    }
    const plain = this.device.plainError(fault.status, 'The service is not available', call);
    return { ...plain, headers: { ...plain.headers, ...retry } };
  }
}

/** Half of the body under the length of the whole, then the connection ends. */
function truncate(response: ServerResponse, answer: HttpAnswer): void {
  const body = answer.body ?? '';
  response.writeHead(answer.status, { 'content-length': Buffer.byteLength(body) + 1, ...answer.headers });
  response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.socket?.destroy());
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readCall(request: IncomingMessage, rawBody: string): HttpCall | undefined {
  try {
    const url = new URL(request.url ?? '/', 'http://device');
    return {
      method: request.method ?? 'GET',
      path: decodeURI(url.pathname),
      segments: url.pathname.split('/').filter(Boolean).map(decodeURIComponent),
      query: url.searchParams,
      headers: request.headers,
      rawBody,
      remoteAddress: request.socket.remoteAddress ?? 'none',
    };
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, answer: HttpAnswer): void {
  response.writeHead(answer.status, {
    ...(answer.body === undefined || answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(answer.body) }),
    ...answer.headers,
  });
  response.end(answer.status === 204 ? undefined : answer.body);
}

/** Parses JSON; undefined when it is none. */
export function tryJson(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** User and password of a Basic `Authorization` header. */
export function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** True for a plain object, the only thing a JSON body of these devices may be at its top. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
