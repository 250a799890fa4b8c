import { text } from '../protocol/fields.js';

/** What boards carry when nobody wrote their serial; seen in captures (Gigabyte, Intel) and common in the field. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^[0.\s_*x#-]*$/i,
  /^0?123456789/,
  /^(to be filled|default|not (specified|applicable|available)|n\/a|none|null|unknown|empty|serial|system serial|chassis serial)/i,
  /^(.)\1+$/,
];

/** True for text that stands where a serial, SKU or tag should be and tells no machine from another. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDERS.some((pattern) => pattern.test(value));
}

/** A serial, SKU or tag that means something; undefined for nothing and for placeholders. */
export function realText(value: unknown): string | undefined {
  const found = text(value);
  return found === undefined || isPlaceholder(found) ? undefined : found;
}
