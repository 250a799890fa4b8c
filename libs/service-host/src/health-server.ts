import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, messageOf } from '@rackwright/kernel';
import type { MetricsRegistry } from '@rackwright/observability';
import type { HealthBoard } from './health-board.js';

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  readonly service: string;
  readonly version: string;
  readonly board: HealthBoard;
  readonly metrics: MetricsRegistry;
}

/**
 * `GET /healthz` (the process lives), `/readyz` (it is of use: 200, else 503 with what is missing) and `/metrics`
 * (Prometheus). Plain HTTP of Node, apart from Nest, because it must answer before Nest, the database and NATS are up.
 */
export class HealthServer {
  private constructor(
    private readonly server: Server,
    private readonly options: HealthServerOptions,
  ) {}

  /** @throws AppError `service.port-taken` when the address is in use, `service.cannot-listen` for anything else. */
  static async start(options: HealthServerOptions): Promise<HealthServer> {
    const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 1_000 });
    const health = new HealthServer(server, options);
    server.on('request', (request, response) => void health.answer(request, response));
    server.listen(options.port, options.host);
    try {
      await once(server, 'listening');
    } catch (error) {
      const where = `${options.host}:${options.port}`;
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      throw new AppError(
        isTaken ? 'service.port-taken' : 'service.cannot-listen',
        isTaken ? `something else listens on ${where} already` : `cannot listen on ${where}: ${messageOf(error)}`,
        { cause: error, details: { host: options.host, port: options.port } },
      );
    }
    return health;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    const { host } = this.options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { service, version, board, metrics } = this.options;
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendJson(response, 405, { error: 'only GET' });
    }
    switch (path) {
      case '/healthz':
        return sendJson(response, 200, { status: 'live', service, version });
      case '/readyz': {
        const { isReady, checks } = await board.read();
        return sendJson(response, isReady ? 200 : 503, {
          status: isReady ? 'ready' : 'not-ready',
          service,
          version,
          checks,
        });
      }
      case '/metrics':
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        return void response.end(metrics.render());
      default:
        return sendJson(response, 404, { error: 'not found', paths: ['/healthz', '/readyz', '/metrics'] });
    }
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
