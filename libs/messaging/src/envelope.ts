import { SERVICES, type ServiceName } from '@rackwright/contracts';
import { AppError, messageOf } from '@rackwright/kernel';
import type { MessageKey } from './message-key.js';

/** What travels beside the body of each item of a batch. Times are ISO 8601 in UTC. */
export interface ItemHeaders {
  readonly id: string;
  /** Who wants the outcome (commands) or who answers (outcomes). */
  readonly from: ServiceName;
  /** The message that led to this one; for an outcome the command it answers. */
  readonly cause?: string;
  readonly key?: MessageKey;
  readonly deadline?: string;
  /** The person or program on whose behalf this happens, for the audit. */
  readonly actor?: string;
  /** W3C `traceparent`. */
  readonly trace?: string;
}

export interface Item extends ItemHeaders {
  readonly body: unknown;
}

/**
 * One item as it is stored in the outbox and put on the wire, so that a re-send never serialises again.
 * @throws AppError `messaging.too-large` when it is longer than `itemBytesMax`: no receiver would take it.
 */
export function encodeItem(headers: ItemHeaders, body: unknown, itemBytesMax: number): string {
  const item = JSON.stringify({ ...headers, body: body === undefined ? null : body });
  const bytes = Buffer.byteLength(item);
  if (bytes > itemBytesMax) {
    throw new AppError(
      'messaging.too-large',
      `the message is ${bytes} bytes long; at most ${itemBytesMax} can be sent`,
      {
        details: { bytes, itemBytesMax, id: headers.id },
      },
    );
  }
  return item;
}

/** A batch is a JSON array of items; encoded items are joined, not parsed. */
export function encodeBatch(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

/**
 * Reads a batch. An item whose envelope is wrong becomes an error of its own place and does not spoil its neighbours.
 * @throws AppError `messaging.malformed` when the bytes are no JSON array at all.
 */
export function decodeBatch(bytes: Uint8Array): (Item | AppError)[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new AppError('messaging.malformed', `the batch is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!Array.isArray(parsed)) throw new AppError('messaging.malformed', 'the batch is not a list of messages');
  return parsed.map((item: unknown, index) => (isItem(item) ? item : malformedItem(item, index)));
}

function malformedItem(item: unknown, index: number): AppError {
  const id = typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : undefined;
  return new AppError('messaging.malformed', `item ${index} of the batch has no valid envelope`, {
    details: { index, ...(typeof id === 'string' ? { id } : {}) },
  });
}

// Checked by hand: this runs once per message, and a schema library would be a second pass beside that of the body.
function isItem(value: unknown): value is Item {
  if (typeof value !== 'object' || value === null) return false;
  const item = value as Record<string, unknown>;
  return (
    isIdentifier(item['id']) &&
    (SERVICES as readonly unknown[]).includes(item['from']) &&
    (item['cause'] === undefined || isIdentifier(item['cause'])) &&
    isTextOrAbsent(item['deadline']) &&
    (item['deadline'] === undefined || !Number.isNaN(Date.parse(item['deadline'] as string))) &&
    isTextOrAbsent(item['actor']) &&
    isTextOrAbsent(item['trace']) &&
    (item['key'] === undefined || isKey(item['key'])) &&
    'body' in item
  );
}

function isKey(value: unknown): value is MessageKey {
  if (typeof value !== 'object' || value === null) return false;
  const key = value as Record<string, unknown>;
  return (
    isText(key['sagaId'], 200) &&
    isText(key['step'], 500) &&
    Number.isSafeInteger(key['epoch']) &&
    (key['attempt'] === undefined || Number.isSafeInteger(key['attempt']))
  );
}

// Ids become keys in PostgreSQL, whose text cannot hold every character JSON can.
function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value);
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= lengthMax;
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || isText(value, 2_000);
}
