import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import type { Clock } from '@rackwright/kernel';
import { EventReader } from '@rackwright/messaging';
import { CLOCK } from '@rackwright/service-host';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { CallerService } from '../access/caller.service.js';
import { STOPPING } from '../gateway.tokens.js';
import { checked } from '../http/checked.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { Describes } from '../openapi/describes.js';
import { EventFeed, matcher } from './event-feed.js';

const STREAMS_MAX = 200;

const eventsQuery = z.strictObject({
  from: z.coerce.number().int().min(1).optional(),
  type: z.string().min(1).max(200).optional(),
  subject: z.string().min(1).max(200).optional(),
});

/** Everything that happens, as it happens. */
@Controller('api/v1')
export class EventsController {
  private open = 0;

  constructor(
    private readonly reader: EventReader,
    private readonly callers: CallerService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(STOPPING) private readonly stopping: AbortSignal,
  ) {}

  @Get('events')
  @RequiresRole('viewer')
  @Describes({
    id: 'followEvents',
    tag: 'Events',
    summary: 'Events of all services, as server-sent events',
    description:
      'Each event is a CloudEvent with the place in the stream as its id. `Last-Event-ID` or `from` resumes; without them only new events come. An event `gap` says that events between are lost. A comment comes every 15 s.',
    query: eventsQuery,
    headers: { 'Last-Event-ID': { description: 'Id of the last event that was received' } },
    resultType: 'text/event-stream',
    problems: [422, 503],
  })
  async follow(
    @Query() query: unknown,
    @Headers('last-event-id') lastId: string | undefined,
    @Req() request: GatewayRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { from, type, subject } = checked(eventsQuery, query);
    if (lastId !== undefined && !/^\d{1,15}$/.test(lastId))
      throw new Problem(422, 'invalid-request', 'Last-Event-ID is the number of an event');
    if (this.open >= STREAMS_MAX)
      throw new Problem(503, 'too-many-streams', 'too many clients follow events', {
        headers: { 'Retry-After': '30' },
      });
    this.open++;
    try {
      const feed = new EventFeed(response, this.clock, this.stopping, async () => {
        return (await this.callers.find(request.headers.authorization)) !== undefined;
      });
      const fromSequence = lastId === undefined ? from : Number(lastId) + 1;
      await feed.run(this.reader, {
        filter: matcher(type, subject),
        ...(fromSequence !== undefined && { fromSequence }),
      });
    } finally {
      this.open--;
    }
  }
}
