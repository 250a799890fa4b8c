import { headers, type MsgHdrs } from '@nats-io/nats-core';

/** Attributes of a CloudEvents 1.0 event in binary mode: one message per event, attributes as headers, data as body. */
export interface CloudEventAttributes {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly time: string;
  readonly subject?: string;
  readonly traceparent?: string;
  /** Registered extension: on whose behalf. */
  readonly authid?: string;
}

const NAMES = ['id', 'type', 'source', 'time', 'subject', 'traceparent', 'authid'] as const;

/** The headers of an event, `ce-` names with percent-encoded values (NATS binding 1.0.2, section 3.1.3). */
export function toHeaders(attributes: CloudEventAttributes): MsgHdrs {
  const wireHeaders = headers();
  wireHeaders.set('ce-specversion', '1.0');
  wireHeaders.set('content-type', 'application/json');
  for (const name of NAMES) {
    const value = attributes[name];
    if (value !== undefined) wireHeaders.set(`ce-${name}`, encode(value));
  }
  return wireHeaders;
}

/** Reads them back; undefined when it is no CloudEvents 1.0 event. */
export function fromHeaders(wireHeaders: MsgHdrs | undefined): CloudEventAttributes | undefined {
  if (wireHeaders === undefined || !wireHeaders.get('ce-specversion').startsWith('1.')) return undefined;
  const values = Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = wireHeaders.get(`ce-${name}`);
      return value === '' ? [] : [[name, decode(value)]];
    }),
  ) as unknown as Partial<CloudEventAttributes>;
  const { id, type, source, time } = values;
  if (!id || !/^[\x21-\x7e]{1,200}$/.test(id) || !type || !source || !time || Number.isNaN(Date.parse(time)))
    return undefined;
  return values as CloudEventAttributes;
}

function encode(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) =>
    [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
