import type { Clock, Timer } from '@rackwright/kernel';
import type { EventReader, ReadOptions, StoredEvent, StreamEvent } from '@rackwright/messaging';
import type { Response } from '../http/request-types.js';

const HEARTBEAT_MS = 15_000;
/** A client that takes nothing for so long is let go; it resumes from the last event it has. */
const STALLED_MS = 30_000;

/**
 * One client that follows events. It reads from the stream only as fast as the client takes: behind a slow client waits
 * one batch of the reader, never more, and one that stands still is disconnected.
 */
export class EventFeed {
  private readonly gone = new AbortController();
  private heartbeat: Timer | undefined;

  constructor(
    private readonly response: Response,
    private readonly clock: Clock,
    private readonly stopping: AbortSignal,
    /** Asked at every heartbeat: a session that ended ends its feeds. */
    private readonly mayGoOn: () => Promise<boolean>,
  ) {}

  /** Ends when the client goes, stalls or loses its right, or when the process is about to end. */
  async run(reader: EventReader, options: Omit<ReadOptions, 'signal'>): Promise<void> {
    const { response } = this;
    const end = (): void => this.gone.abort();
    response.once('close', end);
    this.stopping.addEventListener('abort', end, { once: true });
    if (this.stopping.aborted) end();
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write(': follows\nretry: 2000\n\n');
    this.beat();
    try {
      for await (const event of reader.read({ ...options, signal: this.gone.signal })) {
        if (this.gone.signal.aborted) break;
        if (!response.write(textOf(event))) await this.drained();
      }
    } finally {
      this.heartbeat?.cancel();
      this.stopping.removeEventListener('abort', end);
      response.off('close', end);
      response.end();
    }
  }

  private beat(): void {
    this.heartbeat = this.clock.setTimer(HEARTBEAT_MS, () => {
      if (this.gone.signal.aborted) return;
      this.response.write(': alive\n\n');
      this.beat();
      this.mayGoOn().then(
        (may) => (may ? undefined : this.gone.abort()),
        () => undefined,
      );
    });
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        stalled.cancel();
        this.response.off('drain', finish);
        this.gone.signal.removeEventListener('abort', finish);
        resolve();
      };
      const stalled = this.clock.setTimer(STALLED_MS, () => {
        this.gone.abort();
        this.response.destroy();
        finish();
      });
      this.response.once('drain', finish);
      this.gone.signal.addEventListener('abort', finish, { once: true });
    });
  }
}

/** Which events a client wants: a type in full or by its name, and what it is about. Pure. */
export function matcher(type: string | undefined, subject: string | undefined): (event: StreamEvent) => boolean {
  return (event) =>
    (type === undefined || event.type === type || event.name === type) &&
    (subject === undefined || event.about === subject);
}

function textOf(event: StoredEvent): string {
  if (event.kind === 'gap') {
    const { reason, wantedSequence, nextSequence } = event;
    return `event: gap\ndata: ${JSON.stringify({ reason, wantedSequence, nextSequence })}\n\n`;
  }
  const { sequence, id, type, source, time, about, actor, data } = event;
  const shown = {
    specversion: '1.0',
    id,
    type,
    source,
    time: time.toISOString(),
    sequence,
    ...(about !== undefined && { subject: about }),
    ...(actor !== undefined && { actor }),
    data,
  };
  return `id: ${sequence}\ndata: ${JSON.stringify(shown)}\n\n`;
}
