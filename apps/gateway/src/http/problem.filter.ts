import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { isAppError } from '@rackwright/kernel';
import type { Logger } from '@rackwright/observability';
import { LOGGER } from '@rackwright/service-host';
import { isUnreachable } from '../asking/unreachable.policy.js';
import { bareCode, statusOfCode } from './problem.policy.js';
import { Problem } from './problem.js';
import type { GatewayRequest, Response } from './request-types.js';

/** Writes every error of every route as `application/problem+json`; what nobody foresaw says nothing of its inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<GatewayRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const problem = problemOf(error, request);
    if (problem.status === 500) this.logger.error({ err: error, requestId: request.requestId }, 'unforeseen error');
    if (response.headersSent) {
      response.end();
      return;
    }
    response.status(problem.status).set(problem.headers);
    if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer realm="rackwright"');
    response
      .type('application/problem+json')
      .send(JSON.stringify(problem.body(`urn:rackwright:request:${request.requestId}`)));
  }
}

export function problemOf(error: unknown, request?: Pick<GatewayRequest, 'method' | 'path'>): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return ofHttp(error, request);
  if (!isAppError(error)) return new Problem(500, 'internal-error', 'something unforeseen happened');
  if (isUnreachable(error)) {
    return new Problem(503, 'service-unavailable', 'a service does not answer', {
      cause: error.message,
      headers: { 'Retry-After': '5' },
    });
  }
  if (error.code === 'messaging.ask-timeout') {
    return new Problem(504, 'outcome-unknown', 'the command was sent, but its outcome is not known yet', {
      headers: { 'Retry-After': '5' },
      extra: { details: error.details },
    });
  }
  if (error.code.startsWith('persistence.')) {
    return new Problem(503, 'service-unavailable', 'the database of the gateway cannot be used now', {
      headers: { 'Retry-After': '5' },
      extra: { service: 'gateway' },
    });
  }
  if (/^(messaging|service|config|kernel\.aborted)/.test(error.code) && error.code !== 'messaging.invalid-input')
    return new Problem(500, 'internal-error', 'something unforeseen happened');
  const status = statusOfCode(error.code);
  const hasDetails = Object.keys(error.details).length > 0;
  return new Problem(
    status,
    bareCode(error.code),
    error.message,
    hasDetails ? { extra: { details: error.details } } : {},
  );
}

function ofHttp(error: HttpException, request?: Pick<GatewayRequest, 'method' | 'path'>): Problem {
  const status = error.getStatus();
  if (status === 404)
    return new Problem(404, 'unknown-route', `there is no ${request?.method ?? ''} ${request?.path ?? 'route'}`);
  if (status >= 500) return new Problem(500, 'internal-error', 'something unforeseen happened');
  return new Problem(status, 'bad-request', 'the request cannot be read');
}
