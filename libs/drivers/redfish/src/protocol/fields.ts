import type { JsonObject } from '../transport/safe-json.js';

/**
 * Reading fields of a device's answer without trusting its shape: a field of another type than expected is a field
 * that is not there.
 */
export function object(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Follows names through nested objects. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    const here = object(current);
    if (here === undefined || !Object.hasOwn(here, name)) return undefined;
    current = here[name];
  }
  return current;
}

/** Text without surrounding blanks; undefined when empty. Inner runs of blanks become one: model names come padded. */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = value.replace(/\s+/g, ' ').trim();
  return trimmed === '' ? undefined : trimmed;
}

/** A finite number; some BMCs write numbers as text. */
export function number(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : undefined;
}

export function texts(value: unknown): readonly string[] {
  return list(value).flatMap((item) => text(item) ?? []);
}

/** A link: `{"@odata.id": "/…"}` as the specification has it, or the bare path some services write. */
export function link(value: unknown): string | undefined {
  return text(typeof value === 'string' ? value : at(value, '@odata.id'));
}

export function links(value: unknown): readonly string[] {
  const single = link(value);
  return single !== undefined ? [single] : list(value).flatMap((item) => link(item) ?? []);
}

/** Last segment of a resource path: the stable name of a resource among its siblings. */
export function lastSegment(uri: string): string {
  const segments = uri
    .replace(/[?#].*$/, '')
    .split('/')
    .filter((segment) => segment !== '');
  return decodeURIComponent(segments.at(-1) ?? '');
}

/** Two paths name one resource: trailing slashes and case aside (iLO links `systems/1` and `Systems/1` alike). */
export function samePath(left: string, right: string): boolean {
  const normal = (uri: string): string =>
    uri
      .replace(/[?#].*$/, '')
      .replace(/\/+$/, '')
      .toLowerCase();
  return normal(left) === normal(right);
}
