import { jsonSchemas, KINDS } from '@rackwright/documents';
import { z } from 'zod';
import { TITLES } from '../http/problem.policy.js';
import { GATEWAY_VERSION } from '../version.js';
import type { Route } from './routes.js';

type Json = Record<string, unknown>;

const TAGS: Readonly<Record<string, string>> = {
  Access: 'Signing in, and tokens for programs.',
  Documents: 'What should be, as documents: described, compared, put into effect, exported.',
  Inventory: 'Sites, pools and BMCs.',
  Servers: 'Machines: what they are, where they are, what they do.',
  Profiles: 'Server profiles: what a server is, apart from the machine it runs on.',
  Network: 'Networks, network sets, MAC pools, switches.',
  Storage: 'Fabrics, arrays, volumes, pools of World Wide Names and iSCSI names.',
  Plans: 'What a change would do, before it is done.',
  Runs: 'Changes that are carried out, and what can be done about one that is stuck.',
  Events: 'What happens, as it happens.',
  Status: 'How the installation is, and this description.',
};

/** Statuses every route with a body, or behind a role, may answer with. */
const BODY_PROBLEMS = [400, 413, 415, 422];

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457. `code` is stable; texts are for people.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance'],
  properties: {
    type: { type: 'string', examples: ['urn:rackwright:problem:unknown-server'] },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', examples: ['unknown-server'] },
    detail: { type: 'string' },
    cause: { type: 'string', description: 'What lies behind it' },
    action: { type: 'string', description: 'What to do next' },
    service: { type: 'string', description: 'The service that did not answer' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer' },
          code: { type: 'string' },
          detail: { type: 'string' },
          line: { type: 'integer' },
          column: { type: 'integer' },
        },
      },
    },
    instance: { type: 'string' },
  },
};

/** The OpenAPI 3.1 document of the routes; the schemas are the ones that requests are checked with. Pure. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  const ordered = [...routes].sort((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));
  for (const route of ordered) (paths[route.path] ??= {})[route.method] = operationOf(route);
  const used = new Set(routes.map(({ description }) => description?.tag));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rackwright',
      version: GATEWAY_VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Servers, their profiles, and the changes that move profiles between servers. Errors are problem documents (RFC 9457). Long work answers 202 with the run to watch.',
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: Object.entries(TAGS)
      .filter(([name]) => used.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A session or an API token' } },
      schemas: {
        Problem: problemSchema,
        ...Object.fromEntries(Object.entries(jsonSchemas()).map(([kind, schema]) => [kind, bare(schema)])),
        Document: { oneOf: KINDS.map((kind) => ({ $ref: `#/components/schemas/${kind}` })) },
      },
      responses: Object.fromEntries(
        Object.entries(TITLES).map(([status, title]) => [`Problem${status}`, problemResponse(title)]),
      ),
    },
  };
}

function operationOf({ path, access, description }: Route): Json {
  if (description === undefined) return {};
  const { id, tag, summary, status = 200, problems = [] } = description;
  const isPublic = access === 'public';
  const text = [description.description, isPublic ? 'Public.' : `Needs the role ${access ?? 'nobody has'}.`];
  const hasBody = description.body !== undefined || description.takesDocuments === true;
  const statuses = new Set([
    ...(isPublic ? [] : [401, 403]),
    ...(path.includes('{') ? [404] : []),
    ...(hasBody ? BODY_PROBLEMS : []),
    ...problems,
    ...(id === 'health' || id.startsWith('openApi') ? [] : [503]),
  ]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: text.filter((part) => part !== undefined).join(' '),
    ...(isPublic ? { security: [] } : { 'x-required-role': access }),
    parameters: parametersOf(path, description),
    ...(hasBody && { requestBody: requestBodyOf(description) }),
    responses: {
      [status]: successOf(description, status),
      ...Object.fromEntries(
        [...statuses].sort().map((code) => [code, { $ref: `#/components/responses/Problem${code}` }]),
      ),
    },
  };
}

function parametersOf(path: string, { query, headers = {} }: NonNullable<Route['description']>): Json[] {
  const inPath = [...path.matchAll(/\{([a-zA-Z]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: queryField(schema as z.ZodType),
  }));
  const inHeader = Object.entries(headers).map(([name, { description, required = false }]) => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string' },
  }));
  return [...inPath, ...inQuery, ...inHeader];
}

/** Query parameters are text; what they are read as is the honest description, except for flags. */
function queryField(schema: z.ZodType): Json {
  const output = schemaOf(schema, 'output');
  return Object.keys(output).length > 0 ? output : schemaOf(schema, 'input');
}

function requestBodyOf({ body, takesDocuments }: NonNullable<Route['description']>): Json {
  if (takesDocuments === true) {
    const one = { $ref: '#/components/schemas/Document' };
    return {
      required: true,
      content: {
        'application/yaml': { schema: { type: 'string', description: 'A stream of YAML documents' } },
        'application/json': { schema: { oneOf: [one, { type: 'array', items: one }] } },
      },
    };
  }
  return { required: true, content: { 'application/json': { schema: schemaOf(body ?? z.unknown(), 'input') } } };
}

function successOf({ result, resultType, summary }: NonNullable<Route['description']>, status: number): Json {
  const headers =
    status === 202 || status === 201 ? { Location: { schema: { type: 'string' }, description: 'Where it is' } } : {};
  const answer = { description: summary, ...(Object.keys(headers).length > 0 && { headers }) };
  if (resultType !== undefined) return { ...answer, content: { [resultType]: { schema: { type: 'string' } } } };
  if (result === undefined) return answer;
  return { ...answer, content: { 'application/json': { schema: schemaOf(result, 'output') } } };
}

function problemResponse(title: string): Json {
  return {
    description: title,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  return bare(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json);
}

function bare(schema: Json): Json {
  const { $schema: _dialect, ...rest } = schema;
  return rest;
}
