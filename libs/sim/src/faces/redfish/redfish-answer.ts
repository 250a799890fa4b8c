import type { IncomingHttpHeaders } from 'node:http';

export type RedfishBody = { readonly [key: string]: unknown };

/** One request as the BMC understood it. */
export interface RedfishRequest {
  readonly method: string;
  readonly path: string;
  readonly segments: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: RedfishBody;
}

export interface RedfishAnswer {
  readonly status: number;
  readonly body?: RedfishBody;
  readonly headers?: Readonly<Record<string, string>>;
}

export function ok(body: RedfishBody): RedfishAnswer {
  return { status: 200, body };
}

export const NO_CONTENT: RedfishAnswer = { status: 204 };

/** An error in the standard form, with one extended message. */
export function refuse(status: number, messageId: string, message: string): RedfishAnswer {
  return { status, body: messageBody(messageId, message) };
}

/** The body that carries one extended message: of an error, or of a success that says something. */
export function messageBody(messageId: string, message: string): RedfishBody {
  const info = { MessageId: messageId, Message: message, MessageArgs: [], MessageSeverity: 'OK', Resolution: 'None' };
  return { error: { code: messageId, message, '@Message.ExtendedInfo': [info] } };
}

export function notFound(path: string): RedfishAnswer {
  return refuse(404, 'Base.1.8.ResourceMissingAtURI', `The resource at the URI ${path} was not found.`);
}

export function notAllowed(allow: string): RedfishAnswer {
  return {
    ...refuse(405, 'Base.1.8.OperationNotAllowed', 'The HTTP method is not allowed.'),
    headers: { Allow: allow },
  };
}

/** A collection of links. */
export function collection(path: string, type: string, ids: readonly string[]): RedfishBody {
  return {
    '@odata.id': path,
    '@odata.type': `#${type}Collection.${type}Collection`,
    Name: `${type} Collection`,
    Members: ids.map((id) => ({ '@odata.id': `${path}/${id}` })),
    'Members@odata.count': ids.length,
  };
}

export function link(path: string): { readonly '@odata.id': string } {
  return { '@odata.id': path };
}
