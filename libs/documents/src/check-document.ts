import { z } from 'zod';
import { API_VERSION, documentSchema, KINDS, type Kind, type RackDocument } from './kinds.schema.js';
import { nearestWord } from './nearest-word.js';
import { pointerOf } from './positions.js';

/** Of a flood of unknown fields the first are enough to correct. */
const UNKNOWN_MAX = 20;

/** A problem before its position is known. `key` is a field of the object at `path` that is there and should not be. */
interface UnplacedProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly key?: string;
}

interface CheckedDocument {
  readonly kind?: string;
  readonly name?: string;
  readonly document?: RackDocument;
  readonly problems: readonly UnplacedProblem[];
}

/** Reads one document; says everything that is wrong with it. Pure. */
export function checkDocument(value: unknown): CheckedDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      problems: [{ path: '', code: 'not-a-document', message: 'expected apiVersion, kind, metadata and spec' }],
    };
  }
  const { kind, metadata } = value as { kind?: unknown; metadata?: { name?: unknown } | null };
  const name = typeof metadata?.name === 'string' ? { name: metadata.name } : {};
  if (typeof kind !== 'string' || !(KINDS as readonly string[]).includes(kind)) {
    const meant = typeof kind === 'string' ? hint(kind, KINDS) : '';
    const message =
      kind === undefined
        ? `kind is missing; it is one of ${KINDS.join(', ')}`
        : `there is no kind "${String(kind)}"${meant}`;
    return { ...name, problems: [{ path: '/kind', code: 'unknown-kind', message }] };
  }
  const schema = documentSchema(kind as Kind);
  // Absent means empty: kinds of which every field has a default need no spec.
  const given = 'spec' in value && (value as { spec: unknown }).spec === null ? { ...value, spec: {} } : value;
  const parsed = schema.safeParse('spec' in given ? given : { ...given, spec: {} });
  if (parsed.success) return { kind, ...name, document: parsed.data as unknown as RackDocument, problems: [] };
  return { kind, ...name, problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, schema)) };
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType): UnplacedProblem[] {
  const path = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.slice(0, UNKNOWN_MAX).map((key) => ({
      path,
      key: key.replaceAll('~', '~0').replaceAll('/', '~1'),
      code: 'unknown-field',
      message: `there is no field "${key}" here${hint(key, known)}`,
    }));
  }
  const field = issue.path.at(-1);
  if (issue.code === 'invalid_value' && path === '/apiVersion') {
    return [{ path, code: 'invalid-value', message: `apiVersion is "${API_VERSION}"` }];
  }
  const params = issue.code === 'custom' ? (issue.params as { code?: string } | undefined) : undefined;
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  if (isMissing) return [{ path, code: 'missing-field', message: `${String(field)} is missing` }];
  return [{ path, code: params?.code ?? 'invalid-value', message: `${String(field ?? 'document')}: ${issue.message}` }];
}

function hint(word: string, words: readonly string[]): string {
  const near = nearestWord(word, words);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return words.length > 0 && words.length <= 20 ? `; it is one of ${words.join(', ')}` : '';
}

/** Names of the fields that an object at this place may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let schemas = [unwrap(schema)];
  for (const step of path) schemas = schemas.flatMap((one) => childrenOf(one, step)).map(unwrap);
  return [...new Set(schemas.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))];
}

function childrenOf(schema: z.ZodType, step: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType];
  if (!(schema instanceof z.ZodObject)) return [];
  const child = (schema.shape as Record<PropertyKey, z.ZodType | undefined>)[step];
  if (child === undefined) return [];
  const inner = unwrap(child);
  return inner instanceof z.ZodDiscriminatedUnion ? (inner.options as z.ZodType[]) : [inner];
}

function unwrap(schema: z.ZodType): z.ZodType {
  let current = schema;
  while (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap() as z.ZodType;
  return current;
}
