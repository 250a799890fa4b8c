import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { AppError } from '@rackwright/kernel';
import { isPassing, isRecord } from './problem.js';
import type { Query, Transport } from './transport.js';

/** One event of the stream. `id` is its sequence number; resuming from it misses nothing and repeats nothing. */
export interface ApiEvent {
  readonly id: number | undefined;
  /** `gap`: what came between is gone from the stream, so whoever keeps a copy must read everything anew. */
  readonly type: string;
  readonly data: unknown;
}

export interface EventsOptions {
  /** First sequence wanted; without it, what happens from now on. */
  readonly from?: number;
  readonly type?: string;
  readonly subject?: string;
  readonly signal?: AbortSignal;
  /** Silence (not even a heartbeat, sent every 15 s) after which the link counts as dead; default 45 s. */
  readonly silenceMs?: number;
}

const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 10_000;

/** Follows the events until `signal` aborts: resumes after the last event seen whenever the link breaks. */
export async function* readEvents(transport: Transport, options: EventsOptions = {}): AsyncGenerator<ApiEvent> {
  let last: number | undefined;
  let pauseMs = PAUSE_FIRST_MS;
  let opened = false;
  while (!options.signal?.aborted) {
    try {
      for await (const event of readOnce(transport, options, last)) {
        opened = true;
        pauseMs = PAUSE_FIRST_MS;
        if (event === undefined || (event.id !== undefined && last !== undefined && event.id <= last)) continue;
        last = event.id ?? last;
        yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      // A first call that fails is an answer for the caller; later ones are a link that broke.
      if (!opened || !isPassing(error)) throw error;
    }
    if (options.signal?.aborted) return;
    await transport.clock.sleep(pauseMs, options.signal).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
  }
}

/** One connection. Yields undefined once it is open, then each event. */
async function* readOnce(
  transport: Transport,
  options: EventsOptions,
  last: number | undefined,
): AsyncGenerator<ApiEvent | undefined> {
  const ended = new AbortController();
  const signal = options.signal ? AbortSignal.any([ended.signal, options.signal]) : ended.signal;
  const query: Query = {
    type: options.type,
    subject: options.subject,
    ...(last === undefined ? { from: options.from } : {}),
  };
  const headers = {
    accept: 'text/event-stream',
    ...(last === undefined ? {} : { 'last-event-id': String(last) }),
  };
  const watch = new SilenceWatch(transport, options.silenceMs ?? 45_000, () => ended.abort());
  try {
    const response = await transport.open({ path: '/events', query, headers, signal });
    yield undefined;
    const waiting: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (message) => void waiting.push(message) });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      watch.heard();
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      for (const message of waiting.splice(0)) yield eventOf(message);
    }
  } catch (error) {
    if (options.signal?.aborted || error instanceof AppError) throw error;
    // The body broke off or the watch cut it: the caller connects anew.
  } finally {
    watch.stop();
    ended.abort();
  }
}

class SilenceWatch {
  private timer: { cancel(): void };

  constructor(
    private readonly transport: Transport,
    private readonly silenceMs: number,
    private readonly silent: () => void,
  ) {
    this.timer = transport.clock.setTimer(silenceMs, silent);
  }

  heard(): void {
    this.timer.cancel();
    this.timer = this.transport.clock.setTimer(this.silenceMs, this.silent);
  }

  stop(): void {
    this.timer.cancel();
  }
}

function eventOf(message: EventSourceMessage): ApiEvent {
  let data: unknown = message.data;
  try {
    data = JSON.parse(message.data);
  } catch {
    // Text stays text.
  }
  const named = isRecord(data) && typeof data['type'] === 'string' ? data['type'] : 'message';
  const id = message.id !== undefined && /^\d+$/.test(message.id) ? Number(message.id) : undefined;
  return { id, type: message.event ?? named, data };
}
