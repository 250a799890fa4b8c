import { createHash } from 'node:crypto';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { isObservable, lastValueFrom, of, type Observable } from 'rxjs';
import { problemOf } from '../http/problem.filter.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { IdempotencyStore } from './idempotency.store.js';

const KEPT_HEADERS = ['Location', 'Retry-After'];

/**
 * A POST with an Idempotency-Key has one effect: repeats get the answer of the first. Answers that say nothing final
 * (5xx, 429) are not kept, so that the same key can be tried again.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly store: IdempotencyStore) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    const key = request.headers['idempotency-key'];
    const { caller } = request;
    if (request.method !== 'POST' || typeof key !== 'string' || caller === undefined) return next.handle();
    // Making a token again would have to store its secret in clear.
    if (request.path.endsWith('/tokens')) return next.handle();
    if (!/^[\x21-\x7e]{1,200}$/.test(key))
      throw new Problem(400, 'idempotency-key-malformed', 'an Idempotency-Key has 1 to 200 printable characters');
    const response = context.switchToHttp().getResponse<Response>();
    const stored = await this.store.begin(caller.actor, key, fingerprintOf(request));
    if (stored !== undefined) {
      response.status(stored.status).set(stored.headers).set('Idempotency-Replayed', 'true');
      if (stored.status >= 400) response.type('application/problem+json');
      return of(stored.body);
    }
    return of(await this.first(request, response, next, { actor: caller.actor, key }));
  }

  private async first(
    request: GatewayRequest,
    response: Response,
    next: CallHandler,
    { actor, key }: { readonly actor: string; readonly key: string },
  ): Promise<unknown> {
    try {
      const handled = next.handle();
      const body: unknown = isObservable(handled) ? await lastValueFrom(handled, { defaultValue: undefined }) : handled;
      const headers = Object.fromEntries(
        KEPT_HEADERS.flatMap((name) => (response.hasHeader(name) ? [[name, String(response.getHeader(name))]] : [])),
      );
      await this.store.finish(actor, key, { status: response.statusCode, headers, body: body ?? null });
      return body;
    } catch (error) {
      const problem = problemOf(error, request);
      if (problem.status >= 500 || problem.status === 429) await this.store.forget(actor, key);
      else {
        const body = problem.body(`urn:rackwright:request:${request.requestId}`);
        await this.store.finish(actor, key, { status: problem.status, headers: { ...problem.headers }, body });
      }
      throw error;
    }
  }
}

function fingerprintOf(request: GatewayRequest): string {
  return createHash('sha256')
    .update(`${request.method} ${request.originalUrl}\n${request.rawText ?? ''}`)
    .digest('hex');
}
