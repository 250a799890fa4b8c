import { at, list, text } from './fields.js';
import { parseJsonObject, type JsonObject } from '../transport/safe-json.js';
import type { HttpAnswer } from '../transport/http-exchange.js';

/** A device's answer, read as Redfish. */
export interface RedfishAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined when there is no body, or none that is a JSON object. */
  readonly body: JsonObject | undefined;
  /** False when there is a body and it is not a JSON object: HTML, half a document, a bomb. */
  readonly parseable: boolean;
  /** Ids of the messages in the answer without registry and version: `PreconditionFailed`, `PSU501`. */
  readonly messageIds: readonly string[];
}

/** `Base.1.12.0.PreconditionFailed` → `PreconditionFailed`: versions vary by firmware, the last part does not. */
export function messageKey(messageId: string): string {
  return messageId.slice(messageId.lastIndexOf('.') + 1);
}

function messageIdsIn(body: JsonObject | undefined): readonly string[] {
  const infos = [
    ...list(at(body, 'error', '@Message.ExtendedInfo')),
    ...list(at(body, '@Message.ExtendedInfo')),
    ...list(at(body, '@Redfish.Settings', 'Messages')),
  ];
  const ids = infos.flatMap((info) => text(at(info, 'MessageId')) ?? []);
  const code = text(at(body, 'error', 'code'));
  return [...ids, ...(code === undefined ? [] : [code])].map(messageKey);
}

export function readAnswer(answer: HttpAnswer): RedfishAnswer {
  const body = parseJsonObject(answer.text);
  return {
    status: answer.status,
    headers: answer.headers,
    body,
    parseable: body !== undefined || answer.text.trim() === '',
    messageIds: messageIdsIn(body),
  };
}

/** `Retry-After` in milliseconds; dates are not read (BMC clocks are wrong), a missing header is `fallbackMs`. */
export function retryAfterMs(answer: RedfishAnswer, fallbackMs: number): number {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 600) * 1_000 : fallbackMs;
}
