import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isAppError, messageOf } from '@rackwright/kernel';
import { ZodError } from 'zod';
import type { Simulation } from '../simulation/index.js';
import { CONTROL_ROUTES, type ControlRequest } from './control-routes.js';

export interface ControlOptions {
  /** Bearer token; whoever has it may break everything. */
  readonly token: string;
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

const BODY_MAX_BYTES = 256 * 1024;

/** HTTP door for tests and demonstrations: shows the truth and plants faults. No part of any simulated device. */
export class ControlFace {
  private server: Server | undefined;

  constructor(
    private readonly simulation: Simulation,
    private readonly options: ControlOptions,
  ) {}

  /** Listens and returns the address, `http://127.0.0.1:8080`. */
  async start(): Promise<string> {
    const { host = '127.0.0.1', port = 0 } = this.options;
    const server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) =>
        answer(response, 500, { code: 'sim.failed', message: messageOf(error) }),
      );
    });
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return `http://${host}:${(server.address() as AddressInfo).port}`;
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
    const url = new URL(request.url ?? '/', 'http://control');
    const method = request.method ?? 'GET';
    if (url.pathname === '/healthz' || url.pathname === '/readyz') return answer(response, 200, this.health());
    if (!this.admits(request))
      return answer(response, 401, { code: 'sim.unauthorized', message: 'a bearer token is needed' });
    const text = await readBody(request);
    if (text === undefined) return answer(response, 413, { code: 'sim.too-large', message: 'the body is too large' });
    for (const { verb, pattern, run } of CONTROL_ROUTES) {
      const parts = verb === method ? match(pattern, url.pathname) : undefined;
      if (parts) return this.run(run, { parts, query: url.searchParams, text }, response);
    }
    answer(response, 404, { code: 'sim.no-such-route', message: `${method} ${url.pathname}` });
  }

  private health(): unknown {
    const { world, checkers } = this.simulation;
    const reason = world.core.haltReason;
    return {
      status: reason ? 'stopped' : 'ok',
      site: world.state.site,
      timeMs: Math.round(world.timeMs),
      checkersOk: checkers.status().ok,
    };
  }

  private run(
    run: (simulation: Simulation, request: ControlRequest) => unknown,
    asked: { parts: readonly string[]; query: URLSearchParams; text: string },
    response: ServerResponse,
  ): void {
    try {
      const body: unknown = asked.text === '' ? {} : JSON.parse(asked.text);
      const result = run(this.simulation, { parts: asked.parts, query: asked.query, body });
      answer(response, result === undefined ? 204 : 200, result);
    } catch (error) {
      if (error instanceof ZodError || error instanceof SyntaxError) {
        return answer(response, 400, { code: 'sim.invalid-request', message: messageOf(error) });
      }
      if (!isAppError(error)) throw error;
      answer(response, error.code.startsWith('sim.no-such') ? 404 : 409, { code: error.code, message: error.message });
    }
  }

  private admits(request: IncomingMessage): boolean {
    const given = Buffer.from(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const wanted = Buffer.from(this.options.token);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

function match(pattern: string, path: string): readonly string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parts: string[] = [];
  for (const [index, part] of wanted.entries()) {
    const value = decodeURIComponent(given[index] ?? '');
    if (part === '*') parts.push(value);
    else if (part !== value) return undefined;
  }
  return parts;
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

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? undefined : JSON.stringify(body);
  response.writeHead(status, text === undefined ? {} : { 'Content-Type': 'application/json' });
  response.end(text);
}
