import 'reflect-metadata';
import { GATEWAY_CONTROLLERS } from '../gateway.module.js';
import { openApiDocument } from './openapi-document.js';
import { routesOf } from './routes.js';

/** The API reference as a file: the same document that the gateway serves. */
export function generate(): Record<string, string> {
  const document = openApiDocument(routesOf(GATEWAY_CONTROLLERS));
  return { 'docs/reference/generated/openapi.json': `${JSON.stringify(document, null, 2)}\n` };
}
