import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { tryJson, type HttpAnswer, type HttpCall } from '../device-http.js';
import { restError } from './fos-error.js';

export const YANG_JSON = 'application/yang-data+json';
export const YANG_XML = 'application/yang-data+xml';

/** The format of an answer: XML unless JSON is asked for; other media types are refused. */
export function formatOf(call: HttpCall): 'json' | 'xml' {
  const accept = call.headers.accept ?? '*/*';
  if (accept.includes(YANG_JSON)) return 'json';
  if (accept.includes(YANG_XML) || accept.includes('*/*') || accept.includes('application/*')) return 'xml';
  throw restError(406, 'Unsupported Accept header', 7, 'operation-not-supported');
}

/** The body of a request, JSON or XML by its content type; undefined when it is empty. */
export function readFosBody(call: HttpCall): unknown {
  if (call.rawBody.trim() === '') return undefined;
  const type = call.headers['content-type'] ?? '';
  if (type.includes(YANG_JSON)) {
    const parsed = tryJson(call.rawBody);
    if (parsed === undefined) throw restError(400, 'Malformed JSON', 8, 'malformed-message');
    return parsed;
  }
  if (!type.includes(YANG_XML)) throw restError(415, 'Unsupported content type', 7, 'operation-not-supported');
  try {
    return new XMLParser({ parseTagValue: false }).parse(call.rawBody, true) as unknown;
  } catch {
    throw restError(400, 'Malformed XML', 8, 'malformed-message');
  }
}

export function writeFos(
  status: number,
  content: Record<string, unknown> | undefined,
  style: { format: 'json' | 'xml'; singleAsObject: boolean; headers?: Record<string, string> },
): HttpAnswer {
  if (content === undefined) return { status, ...(style.headers ? { headers: style.headers } : {}) };
  const json = style.format === 'json';
  const shaped = style.singleAsObject ? unwrapSingles(content) : content;
  const body = json
    ? JSON.stringify(shaped)
    : `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLBuilder({}).build(content)}`;
  return { status, headers: { 'content-type': json ? YANG_JSON : YANG_XML, ...style.headers }, body };
}

/** A YANG list of one becomes its element, as XML-to-JSON conversions leave it. */
function unwrapSingles(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? unwrapSingles(value[0]) : value.map(unwrapSingles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapSingles(inner)]));
}
