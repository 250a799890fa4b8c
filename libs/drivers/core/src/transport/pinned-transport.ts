import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '@rackwright/kernel';
import { CallEnding, endCall } from '../call-ending.js';
import type { DeviceCall } from '../device-result.js';
import type { TlsTrust } from '../device-identity.js';
import { gatedSend, withinDeadline } from './gated-send.js';
import { connectPinned } from './pinned-tls.js';

/** Largest body a device may answer with. */
export const MAX_BODY_BYTES = 8 * 2 ** 20;

export interface PinnedRequest {
  readonly method: string;
  /** Path with query, always on the device's own origin: links to another origin cannot be expressed. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default: everything but GET and HEAD. Log-in and log-out count as reads: they change nothing a profile owns. */
  readonly mutating?: boolean;
}

export interface PinnedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Small HTTP client for devices: one connection per request (devices drop reused ones), certificate judged before a
 * byte is sent, no redirects, body capped, every request through the send gate. Anything that goes wrong ends the call
 * as `unknown`: nobody can tell whether the device has acted.
 */
export class PinnedTransport {
  readonly origin: URL;

  constructor(
    address: string,
    private readonly trust: TlsTrust | undefined,
    private readonly maxBodyBytes = MAX_BODY_BYTES,
  ) {
    this.origin = new URL(address.includes('://') ? address : `https://${address}`);
  }

  send(request: PinnedRequest, call: DeviceCall): Promise<PinnedAnswer> {
    const mutating = request.mutating ?? !['GET', 'HEAD'].includes(request.method);
    const send = { device: this.origin.host, verb: request.method, target: request.path, mutating };
    return gatedSend(call, send, () => withinDeadline(call, (signal) => this.exchange(request, signal)));
  }

  private async exchange(request: PinnedRequest, signal: AbortSignal): Promise<PinnedAnswer> {
    try {
      const outgoing = await this.open(request, signal);
      return await receive(outgoing, { body: request.body, maxBodyBytes: this.maxBodyBytes });
    } catch (error) {
      if (error instanceof CallEnding) throw error;
      const why = signal.aborted ? 'timeout' : 'connection-reset';
      const what = `${request.method} ${this.origin.origin}${request.path}`;
      return endCall({
        kind: 'unknown',
        why,
        message: `${what}: ${signal.aborted ? 'no answer in time' : messageOf(error)}`,
      });
    }
  }

  private async open(request: PinnedRequest, signal: AbortSignal): Promise<ClientRequest> {
    const secure = this.origin.protocol === 'https:';
    const host = this.origin.hostname.replace(/^\[|\]$/g, '');
    const port = Number(this.origin.port || (secure ? 443 : 80));
    const options: RequestOptions = {
      method: request.method,
      host,
      port,
      path: request.path,
      headers: { ...this.ownHeaders(request), ...request.headers },
      signal,
    };
    if (!secure) return httpRequest({ ...options, agent: false });
    const socket = await connectPinned({ host, port, trust: this.trust, signal });
    // No `agent`, not even false: with one, node would open a connection of its own and judge nothing.
    return httpsRequest({ ...options, createConnection: () => socket });
  }

  /** The length is said for every body: node frames none for DELETE by itself, and the switch would read garbage. */
  private ownHeaders(request: PinnedRequest): Record<string, string> {
    const length = request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) };
    return { host: this.origin.host, connection: 'close', 'accept-encoding': 'identity', ...length };
  }
}

interface ReceiveOptions {
  readonly body: string | undefined;
  readonly maxBodyBytes: number;
}

function receive(outgoing: ClientRequest, options: ReceiveOptions): Promise<PinnedAnswer> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= options.maxBodyBytes) return void chunks.push(chunk);
        const message = `the answer is larger than ${options.maxBodyBytes} bytes`;
        reject(new CallEnding({ kind: 'unknown', why: 'unparseable', message }));
        outgoing.destroy();
      });
      response.on('error', reject);
      response.on('aborted', () => reject(new Error('the connection was cut in the middle of the answer')));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    outgoing.end(options.body);
  });
}
