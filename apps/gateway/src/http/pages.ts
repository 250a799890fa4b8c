import { z } from 'zod';
import type { GatewayRequest, Response } from './request-types.js';

/** Query parameters of lists that come in pages. Numbers arrive as text. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().min(1).max(400).optional(),
};

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly nextCursor?: string | undefined;
}

/** Lists that have no pages still say how many they are. */
export function whole<T>({ items }: { readonly items: readonly T[] }): Page<T> {
  return { items, total: items.length };
}

/** Adds the link to the next page (RFC 8288). */
export function paged<T>(page: Page<T>, request: GatewayRequest, response: Response): Page<T> {
  if (page.nextCursor === undefined) return page;
  const [path = '', query = ''] = request.originalUrl.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', page.nextCursor);
  response.set('Link', `<${path}?${parameters.toString()}>; rel="next"`);
  return page;
}

export function listOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), total: z.int(), nextCursor: z.string().optional() });
}

/** A flag in a query string. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
