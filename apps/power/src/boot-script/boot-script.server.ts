import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { NO_PROFILE_SCRIPT } from '@rackwright/driver-ipxe';
import type { Logger } from '@rackwright/observability';
import type { BootScripts } from './boot-script.store.js';

const PATH = /^\/boot\/([^/?]{1,200})$/;

/** Serves boot scripts: `GET /boot/<board serial>`. Off unless it is told where to listen. */
export class BootScriptServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private server: Server | undefined;

  constructor(
    private readonly scripts: BootScripts,
    private readonly listen: { readonly host: string; readonly port: number } | undefined,
    private readonly logger: Logger,
  ) {}

  /** Where scripts are served; undefined while they are not. */
  get url(): string | undefined {
    const address = this.server?.address() as AddressInfo | null | undefined;
    return address ? `http://${address.address}:${address.port}` : undefined;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.listen) return;
    const { host, port } = this.listen;
    const server = createServer((request, response) => {
      this.answer(request, response).catch((err: unknown) => {
        this.logger.error({ err }, 'serving a boot script');
        // A machine that gets no script must not think that it has none: it tries again.
        response.writeHead(503, { 'retry-after': '5' }).end();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
    this.server = server;
    this.logger.info({ event: 'boot-scripts', url: this.url }, 'serving boot scripts');
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  private async answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = PATH.exec(url)?.[1];
    if (key === undefined) return void response.writeHead(404).end();
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    let serial: string;
    try {
      serial = decodeURIComponent(key);
    } catch {
      return void response.writeHead(404).end();
    }
    const script = (await this.scripts.read(serial)) ?? NO_PROFILE_SCRIPT;
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
    response.writeHead(200, headers).end(method === 'HEAD' ? undefined : script);
  }
}
