import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { Express, NextFunction } from 'express';
import { IdFactory, type Clock } from '@rackwright/kernel';
import type { Logger } from '@rackwright/observability';
import { CLOCK, LOGGER } from '@rackwright/service-host';
import { jsonParser, urlencodedParser } from './body-reader.js';
import type { GatewayRequest, Response } from './request-types.js';

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

/** Everything that concerns all requests, before routes: ids, headers, log, bodies. */
export function configureHttp(app: INestApplication): void {
  const express = app.getHttpAdapter().getInstance() as Express;
  express.disable('x-powered-by');
  express.disable('etag');
  const logger = app.get<Logger>(LOGGER);
  const clock = app.get<Clock>(CLOCK);
  app.use(announce(app.get(IdFactory), clock, logger));
  app.use(jsonParser);
  app.use(urlencodedParser);
  const server = app.getHttpServer() as Server;
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.on('listening', () => {
    const { address, port } = server.address() as AddressInfo;
    const host = address.includes(':') ? `[${address}]` : address;
    logger.info({ event: 'http-listening', http: `http://${host}:${port}`, httpPort: port }, 'the API listens');
  });
}

function announce(ids: IdFactory, clock: Clock, logger: Logger) {
  return function announceRequest(request: GatewayRequest, response: Response, next: NextFunction): void {
    request.requestId = ids.newUuidV7();
    response.set(SECURITY_HEADERS).set('X-Request-Id', request.requestId);
    const startedMs = clock.monotonicMs();
    response.once('close', () => {
      // The path without its query: a query may hold what does not belong in a log.
      // Reads that went well are for debugging: a console that polls must not drown what changed or failed.
      const isPlainRead = request.method === 'GET' && response.statusCode < 400;
      logger[isPlainRead ? 'debug' : 'info'](
        {
          event: 'request',
          requestId: request.requestId,
          method: request.method,
          path: request.path,
          status: response.statusCode,
          actor: request.caller?.actor,
          durationMs: Math.round(clock.monotonicMs() - startedMs),
        },
        'request',
      );
    });
    next();
  };
}
