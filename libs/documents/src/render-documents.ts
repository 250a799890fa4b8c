import { stringify } from 'yaml';
import { documentSchema, isGrouped, KINDS, SPEC_SCHEMAS, type RackDocument } from './kinds.schema.js';
import type { z } from 'zod';

/**
 * Documents as a YAML stream in a stable order: kinds in dependency order, names sorted, fields as the schema lists
 * them, nothing that equals its default. Credentials are never written. Reading the text back gives the same documents.
 */
export function renderDocuments(documents: readonly RackDocument[]): string {
  const ordered = [...documents].sort(
    (left, right) =>
      KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind) || (left.metadata.name < right.metadata.name ? -1 : 1),
  );
  return ordered.map((document) => `---\n${stringify(plainDocument(document), { lineWidth: 120 })}`).join('');
}

/** The document without defaults and without credentials, fields in the order of the schema. Pure. */
export function plainDocument(document: RackDocument): Record<string, unknown> {
  const { group, name } = document.metadata;
  const isDefaultGroup = !isGrouped(document.kind) || group === undefined || group === 'default';
  return {
    apiVersion: document.apiVersion,
    kind: document.kind,
    metadata: isDefaultGroup ? { name } : { name, group },
    spec: tidySpec(document),
  };
}

function tidySpec(document: RackDocument): Record<string, unknown> {
  const shape = (SPEC_SCHEMAS[document.kind] as z.ZodObject).shape as Record<string, z.ZodType>;
  const spec = document.spec as unknown as Record<string, unknown>;
  const tidy: Record<string, unknown> = {};
  for (const [field, schema] of Object.entries(shape)) {
    const value = withoutEmpty(spec[field]);
    if (field === 'credential' || value === undefined) continue;
    const byDefault = schema.safeParse(undefined);
    if (byDefault.success && JSON.stringify(byDefault.data) === JSON.stringify(spec[field])) continue;
    tidy[field] = value;
  }
  return tidy;
}

/** Inner lists and flags that say nothing (`tagged: []`, `boot: false`) are left out. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined && inner !== false && !(Array.isArray(inner) && inner.length === 0))
      .map(([key, inner]) => [key, withoutEmpty(inner)]),
  );
}

/** Reads one document given as a value; undefined when it is not valid. For tests and for building from known parts. */
export function asDocument(value: { readonly kind: RackDocument['kind'] }): RackDocument | undefined {
  const parsed = documentSchema(value.kind).safeParse(value);
  return parsed.success ? (parsed.data as unknown as RackDocument) : undefined;
}
