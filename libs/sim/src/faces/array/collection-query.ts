import type { HttpAnswer } from '../device-http.js';
import { badRequest, CODES, PowerStoreRefusal } from './powerstore-error.js';

export type Row = Readonly<Record<string, unknown>>;

/** The array's own page size; a longer answer comes in parts with status 206. */
export interface PageRules {
  readonly defaultLimit: number;
  readonly maxLimit: number;
}

const RESERVED = new Set(['select', 'limit', 'offset', 'order', 'is_async']);

/** Answers a collection: filters, order, page and selected fields, in that order. */
export function answerCollection(
  rows: readonly Row[],
  query: URLSearchParams,
  range: string | undefined,
  rules: PageRules,
): HttpAnswer {
  let found = [...rows];
  for (const [field, expression] of query)
    if (!RESERVED.has(field)) found = found.filter(filterOf(field, expression, rows));
  const order = query.get('order');
  if (order !== null) found = sorted(found, order);
  const { offset, limit } = pageOf(query, range, rules);
  if (offset > 0 && offset >= found.length) {
    throw new PowerStoreRefusal(416, CODES.badRange, 'The requested range cannot be served', [String(offset)]);
  }
  const page = found.slice(offset, offset + limit).map((row) => selectFields(row, query.get('select')));
  const complete = page.length === found.length;
  const last = offset + page.length - 1;
  return {
    status: complete ? 200 : 206,
    headers: {
      'content-type': 'application/json',
      'content-range': `${page.length === 0 ? '*' : `${offset}-${last}`}/${found.length}`,
    },
    body: JSON.stringify(page),
  };
}

/** Picks fields; `*` is all plain ones, `volume(name,id)` fields of an embedded object, nothing at all just the id. */
export function selectFields(row: Row, select: string | null): Row {
  if (select === null) return { id: row['id'] };
  const picked: Record<string, unknown> = {};
  for (const part of splitTop(select)) {
    const embedded = /^(\w+)\((.*)\)$/.exec(part);
    if (part === '*') Object.assign(picked, row);
    else if (embedded) picked[embedded[1] as string] = embed(row[embedded[1] as string], embedded[2] as string);
    else if (part in row) picked[part] = row[part];
    else throw badRequest(`Invalid field in select: ${part}`);
  }
  return picked;
}

function embed(value: unknown, fields: string): unknown {
  if (Array.isArray(value)) return value.map((each) => embed(each, fields));
  return typeof value === 'object' && value !== null ? selectFields(value as Row, fields) : null;
}

/** Splits at commas outside parentheses. */
function splitTop(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter(Boolean);
}

function filterOf(field: string, expression: string, rows: readonly Row[]): (row: Row) => boolean {
  if (rows[0] && !(field in rows[0])) throw badRequest(`Invalid filter field: ${field}`);
  const parsed = /^(not\.)?(eq|neq|gt|gte|lt|lte|in|is|like|ilike|cs)\.(.*)$/s.exec(expression);
  if (!parsed) throw badRequest(`Invalid filter: ${field}=${expression}`);
  const [, negated, operator = '', operand = ''] = parsed;
  const test = testOf(operator, operand);
  return (row) => test(row[field]) === (negated === undefined);
}

function testOf(operator: string, operand: string): (value: unknown) => boolean {
  switch (operator) {
    case 'eq':
      return (value) => textOf(value) === operand;
    case 'neq':
      return (value) => textOf(value) !== operand;
    case 'in': {
      const choices = operand.replace(/^\(|\)$/g, '').split(',');
      return (value) => choices.some((choice) => textOf(value) === choice.replace(/^"|"$/g, ''));
    }
    case 'is':
      return (value) => textOf(value ?? null) === operand;
    case 'cs': {
      const wanted = operand.replace(/^\{|\}$/g, '').split(',');
      return (value) => Array.isArray(value) && wanted.every((each) => value.includes(each));
    }
    case 'like':
    case 'ilike': {
      const escaped = operand.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/[*%]/g, '.*');
      const pattern = new RegExp(`^${escaped}$`, operator === 'ilike' ? 'i' : '');
      return (value) => pattern.test(textOf(value));
    }
    default:
      return comparison(operator, operand);
  }
}

function comparison(operator: string, operand: string): (value: unknown) => boolean {
  return (value) => {
    const order = typeof value === 'number' ? value - Number(operand) : textOf(value).localeCompare(operand);
    if (operator === 'gt') return order > 0;
    if (operator === 'gte') return order >= 0;
    return operator === 'lt' ? order < 0 : order <= 0;
  };
}

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function sorted(rows: readonly Row[], order: string): Row[] {
  const keys = order.split(',').map((part) => {
    const [field = 'id', direction = 'asc'] = part.trim().split('.');
    return { field, sign: direction === 'desc' ? -1 : 1 };
  });
  return [...rows].sort((a, b) => {
    for (const { field, sign } of keys) {
      const [one, other] = [a[field], b[field]];
      const difference =
        typeof one === 'number' && typeof other === 'number' ? one - other : textOf(one).localeCompare(textOf(other));
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
}

/** `limit` and `offset` as parameters, or a `Range: 0-99` header (items, last one included). */
function pageOf(
  query: URLSearchParams,
  range: string | undefined,
  rules: PageRules,
): { offset: number; limit: number } {
  const ranged = /^(?:items=)?(\d+)-(\d*)$/.exec(range ?? '');
  const first = ranged ? Number(ranged[1]) : 0;
  const fromRange = ranged?.[2] ? Number(ranged[2]) - first + 1 : rules.defaultLimit;
  const limit = Number(query.get('limit') ?? fromRange);
  const offset = Number(query.get('offset') ?? first);
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 0;
  if (!whole(limit) || !whole(offset) || limit === 0) throw badRequest('Invalid limit or offset');
  return { offset, limit: Math.min(limit, rules.maxLimit) };
}
