import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';

export const DESCRIPTION = 'rackwright.description';

/** What the OpenAPI document says of a route. The schemas are the ones the route checks with. */
export interface RouteDescription {
  /** `operationId`, unique. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Takes documents: YAML, or JSON. */
  readonly takesDocuments?: true;
  /** Of the answer that means success; none for 204. */
  readonly result?: z.ZodType;
  /** Of the answer when it is not JSON. */
  readonly resultType?: string;
  /** Default 200. */
  readonly status?: number;
  /** Statuses of problems beside those every route has. */
  readonly problems?: readonly number[];
  /** Headers the request may carry. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
}

/** Describes a route for the OpenAPI document; a test proves that every route has one. */
export const Describes = (description: RouteDescription) => SetMetadata(DESCRIPTION, description);
