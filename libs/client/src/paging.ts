import type { Page } from './model.js';
import type { Query, Transport } from './transport.js';

export interface ListOptions {
  /** Items per page asked of the server. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** One page of a list. */
export function pageOf<T>(transport: Transport, path: string, query: object = {}): Promise<Page<T>> {
  return transport.json({ path, query: query as Query });
}

/** Every item of a list, page by page as they are consumed. A cursor that comes twice ends the list. */
export async function* pagesOf<T>(transport: Transport, path: string, query: object = {}): AsyncGenerator<T> {
  const seen = new Set<string>();
  let next: object = query;
  for (;;) {
    const page: Page<T> = await pageOf<T>(transport, path, next);
    yield* page.items;
    if (page.nextCursor === undefined || seen.has(page.nextCursor)) return;
    seen.add(page.nextCursor);
    next = { ...query, cursor: page.nextCursor };
  }
}
