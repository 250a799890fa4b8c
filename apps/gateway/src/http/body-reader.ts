import type { NextFunction } from 'express';
import { Problem } from './problem.js';
import type { GatewayRequest, Response } from './request-types.js';

export const BODY_BYTES_MAX = 1024 * 1024;
/** Of a body that is refused, so much is still read and thrown away, so that the client gets to read the answer. */
const DRAIN_BYTES_MAX = 32 * 1024 * 1024;

const JSON_TYPES = /^application\/([a-z0-9.-]+\+)?json$/;
const YAML_TYPES = /^(application|text)\/(x-)?yaml$/;

/** Routes that read documents; there YAML is welcome and JSON is read by the document reader, which knows lines. */
const DOCUMENT_ROUTES = /^\/api\/v1\/documents\//;

/**
 * Reads bodies: at most 1 MB, JSON, YAML for documents. What is larger is refused by its announced length before a byte
 * is read, or else when the limit is reached. Named as Nest names its own, so that Nest does not add them.
 */
export function jsonParser(request: GatewayRequest, response: Response, next: NextFunction): void {
  const length = request.headers['content-length'];
  const hasBody = request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody) return next();
  if (Number(length ?? 0) > BODY_BYTES_MAX) return refuse(request, response, next, tooLarge());
  const isDocuments = DOCUMENT_ROUTES.test(request.path);
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const isYaml = YAML_TYPES.test(type) && isDocuments;
  if (!isYaml && !JSON_TYPES.test(type)) {
    const what = isDocuments ? 'application/yaml or application/json' : 'application/json';
    const detail = type === '' ? `the request has a body but no Content-Type; send ${what}` : `${type} is not ${what}`;
    return refuse(request, response, next, new Problem(415, 'unsupported-media-type', detail));
  }
  if (!['', 'identity'].includes((request.headers['content-encoding'] ?? '').toLowerCase())) {
    const problem = new Problem(415, 'unsupported-media-type', 'compressed bodies are not taken');
    return refuse(request, response, next, problem);
  }
  collect(request, response, next, (bytes) => {
    try {
      request.rawText = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return next(new Problem(400, 'malformed-body', 'the body is not UTF-8'));
    }
    if (isDocuments) return next();
    try {
      request.body = request.rawText.trim() === '' ? undefined : (JSON.parse(request.rawText) as unknown);
    } catch (error) {
      const detail = `the body is not JSON: ${error instanceof SyntaxError ? error.message : 'cannot be read'}`;
      return next(new Problem(400, 'malformed-json', detail));
    }
    next();
  });
}

/** Form bodies have no use here; this keeps Nest from reading them. */
export function urlencodedParser(_request: GatewayRequest, _response: Response, next: NextFunction): void {
  next();
}

function collect(request: GatewayRequest, response: Response, next: NextFunction, use: (bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;
  request.on('data', (chunk: Buffer) => {
    if (isOver) return;
    size += chunk.length;
    if (size > BODY_BYTES_MAX) {
      isOver = true;
      chunks.length = 0;
      refuse(request, response, next, tooLarge());
    } else chunks.push(chunk);
  });
  request.once('end', () => {
    if (!isOver) use(Buffer.concat(chunks));
  });
  // A client that hung up gets no answer; nothing is left to do.
  request.once('error', () => (isOver = true));
}

/** Answers at once and closes the connection after it; meanwhile the rest of the body goes nowhere. */
function refuse(request: GatewayRequest, response: Response, next: NextFunction, problem: Problem): void {
  response.setHeader('Connection', 'close');
  let drained = 0;
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAIN_BYTES_MAX) request.socket.destroy();
  });
  request.resume();
  next(problem);
}

function tooLarge(): Problem {
  return new Problem(413, 'body-too-large', `a body has at most ${BODY_BYTES_MAX} bytes`);
}
