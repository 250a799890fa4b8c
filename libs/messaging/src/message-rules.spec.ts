import { describe, expect, it } from '@jest/globals';
import { AppError, SeededRandom } from '@rackwright/kernel';
import { retryDelayMs } from './backoff.js';
import { takeBatch } from './batching.js';
import { fromHeaders, toHeaders } from './cloud-event.js';
import { decodeBatch, encodeBatch, encodeItem } from './envelope.js';
import { DEFAULT_LIMITS } from './limits.js';
import { messageIdOf, outcomeIdOf } from './message-key.js';
import { subjectPermissions } from './permissions.js';
import { ALL_TAKEN, decodeReceipt, encodeReceipt } from './receipt.js';
import { SAMPLE_DEFINITIONS, SAMPLE_SERVICES, setMark } from './testing/sample-messages.js';

const KEY = { sagaId: 'run_1', step: 'reserve', epoch: 3 };

describe('message ids', () => {
  it('are the same for the same key and differ in every part of it', () => {
    const id = messageIdOf('rw.cmd.power.a.v1', KEY);
    expect(messageIdOf('rw.cmd.power.a.v1', { ...KEY, attempt: 0 })).toBe(id);
    const others = [
      messageIdOf('rw.cmd.power.b.v1', KEY),
      messageIdOf('rw.cmd.power.a.v1', { ...KEY, sagaId: 'run_2' }),
      messageIdOf('rw.cmd.power.a.v1', { ...KEY, step: 'undo' }),
      messageIdOf('rw.cmd.power.a.v1', { ...KEY, epoch: 4 }),
      messageIdOf('rw.cmd.power.a.v1', { ...KEY, attempt: 1 }),
      outcomeIdOf(id),
    ];
    expect(new Set([id, ...others]).size).toBe(7);
    expect(id).toMatch(/^msg_[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('batches', () => {
  const rows = (count: number, bytes: number): { item: string }[] =>
    Array.from({ length: count }, () => ({ item: 'x'.repeat(bytes) }));

  it('are cut by items and by bytes, and never empty', () => {
    const waiting = rows(10, 100);
    expect(takeBatch(waiting, { batchItemsMax: 4, batchBytesMax: 10_000 })).toHaveLength(4);
    expect(takeBatch(waiting, { batchItemsMax: 100, batchBytesMax: 250 })).toHaveLength(2);
    expect(takeBatch(waiting, { batchItemsMax: 100, batchBytesMax: 1 })).toHaveLength(1);
    expect(waiting).toHaveLength(3);
  });

  it('keep good items when a neighbour has no valid envelope', () => {
    const good = encodeItem({ id: 'm1', from: 'power', key: KEY }, { name: 'ü' }, 1_000);
    const text = encodeBatch([
      good,
      '{"id":"m2","from":"nobody","body":1}',
      '{"id":"\\u0000","from":"power","body":1}',
      '7',
    ]);
    const [first, ...broken] = decodeBatch(Buffer.from(text));
    expect(first).toEqual({ id: 'm1', from: 'power', key: KEY, body: { name: 'ü' } });
    expect(broken).toHaveLength(3);
    expect(broken.every((item) => item instanceof AppError)).toBe(true);
  });

  it('that are no list at all are an error', () => {
    expect(() => decodeBatch(Buffer.from('{"id":"m1"}'))).toThrow('not a list');
    expect(() => decodeBatch(Buffer.from([0xff, 0x00]))).toThrow('not JSON');
  });
});

describe('receipts', () => {
  it('survive the way there and back, and anything else proves nothing', () => {
    const entry = { id: 'm1', code: 'c', message: 'm' };
    expect(encodeReceipt(ALL_TAKEN)).toBe('');
    expect(decodeReceipt('')).toEqual(ALL_TAKEN);
    expect(decodeReceipt(encodeReceipt({ refused: [entry], later: [] }))).toEqual({ refused: [entry], later: [] });
    for (const text of ['ok', '{}', '{"refused":[{}],"later":[]}', 'null']) expect(decodeReceipt(text)).toBeUndefined();
  });
});

describe('backoff', () => {
  it('grows to its limit and stays there', () => {
    const random = new SeededRandom(1);
    for (let attempts = 0; attempts < 100; attempts++) {
      const delayMs = retryDelayMs(attempts, random, DEFAULT_LIMITS);
      const fullMs = Math.min(DEFAULT_LIMITS.retryMaxMs, DEFAULT_LIMITS.retryBaseMs * 2 ** attempts);
      expect(delayMs).toBeGreaterThanOrEqual(fullMs / 2);
      expect(delayMs).toBeLessThanOrEqual(fullMs);
    }
  });
});

describe('CloudEvents headers', () => {
  it('carry any text through ASCII', () => {
    const attributes = {
      id: 'evt_1',
      type: 't',
      source: '/s',
      time: '2026-01-01T00:00:00.000Z',
      subject: 'Größe "50%"\n😀',
    };
    const wireHeaders = toHeaders(attributes);
    expect(wireHeaders.get('ce-subject')).toMatch(/^[\x21-\x7e]+$/);
    expect(fromHeaders(wireHeaders)).toEqual(attributes);
  });
});

describe('allow-lists', () => {
  it('let the owner answer any asker and nobody else send its commands', () => {
    const of = (service: string) =>
      subjectPermissions(SAMPLE_SERVICES.find((one) => one.service === service) ?? never());
    expect(of('power').publish).toContain('rw.out.*.set-mark.v1');
    expect(of('power').publish).not.toContain('rw.cmd.power.set-mark.v1');
    expect(of('saga-coordinator').publish).toContain('rw.cmd.power.set-mark.v1');
    expect(of('inventory').publish.some((subject) => subject.startsWith('rw.'))).toBe(false);
    expect(SAMPLE_DEFINITIONS).toContain(setMark);
  });
});

function never(): never {
  throw new Error('no such sample service');
}
