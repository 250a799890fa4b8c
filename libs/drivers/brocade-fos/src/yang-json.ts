import { z } from 'zod';

/**
 * YANG data as FOS writes it in JSON: a list of one may come as its element, numbers and booleans as text, an empty
 * container as `null` or `""`. Readers give undefined for what is missing or of another kind.
 */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? value : [value];
}

const recordSchema = z.record(z.string(), z.unknown());

export function field(value: unknown, name: string): unknown {
  const record = recordSchema.safeParse(value);
  return record.success && Object.hasOwn(record.data, name) ? record.data[name] : undefined;
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function flagOf(value: unknown): boolean | undefined {
  const text = textOf(value)?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}

/** Texts of a list. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((one) => textOf(one) ?? []);
}
