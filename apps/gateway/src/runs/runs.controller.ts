import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { coordinator, runId, type InputOf } from '@rackwright/contracts';
import { idPattern } from '@rackwright/kernel';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { Asker } from '../asking/asker.service.js';
import { callerOf } from '../http/caller-of.js';
import { checked } from '../http/checked.js';
import { flag, listOf, paged, pageQuery } from '../http/pages.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { NamesService } from '../lists/names.service.js';
import { Describes } from '../openapi/describes.js';
import { RunsService } from './runs.service.js';

type RunId = InputOf<typeof coordinator.getRun>['runId'];

const WAIT_SECONDS_MAX = 60;
const nothing = z.strictObject({});
const verbBody = z.strictObject({ reason: z.string().min(1).max(500) });
const markBody = verbBody.extend({ step: z.string().min(1).max(120) });
const runsQuery = z.strictObject({
  ...pageQuery,
  state: coordinator.runState.optional(),
  profile: z.string().min(1).max(100).optional(),
  server: z.string().min(1).max(100).optional(),
  open: flag.optional(),
});
const verb = (id: string, summary: string, body: z.ZodType = verbBody) => ({
  id,
  tag: 'Runs',
  summary,
  body,
  result: nothing,
  problems: [404, 409, 422],
});

/** Runs: every change that is carried out. */
@Controller('api/v1/runs')
export class RunsController {
  constructor(
    private readonly asker: Asker,
    private readonly runs: RunsService,
    private readonly names: NamesService,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @Describes({
    id: 'listRuns',
    tag: 'Runs',
    summary: 'Runs, newest first',
    query: runsQuery,
    result: listOf(coordinator.runView.omit({ steps: true })),
    problems: [404, 422],
  })
  async list(@Query() query: unknown, @Req() request: GatewayRequest, @Res({ passthrough: true }) response: Response) {
    const { profile, server, ...rest } = checked(runsQuery, query);
    const input = {
      ...rest,
      ...(profile !== undefined && { profileId: await this.names.profileId(profile) }),
      ...(server !== undefined && { serverId: await this.names.serverId(server) }),
    };
    return paged(await this.asker.query(coordinator.listRuns, input), request, response);
  }

  @Get(':id')
  @RequiresRole('viewer')
  @Describes({
    id: 'getRun',
    tag: 'Runs',
    summary: 'One run with its steps',
    description:
      'With `Prefer: wait=20` the answer waits until the run has ended or is stuck, at most so many seconds.',
    result: coordinator.runView,
    headers: { Prefer: { description: '`wait=<seconds>`, at most 60' } },
    problems: [404],
  })
  async get(
    @Param('id') id: string,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ) {
    const [, seconds] = /(?:^|[,;\s])wait=(\d{1,4})\b/.exec(prefer ?? '') ?? [];
    const wait = Math.min(Number(seconds ?? 0), WAIT_SECONDS_MAX);
    if (wait > 0) response.set('Preference-Applied', `wait=${wait}`);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return this.runs.whenEnded(idOf(id), wait * 1_000, gone.signal);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @RequiresRole('operator')
  @Describes(verb('retryRun', 'Lets a stuck run try its step again'))
  retry(@Param('id') id: string, @Body() body: unknown, @Req() request: GatewayRequest) {
    return this.give(coordinator.retryRun, id, checked(verbBody, body), request);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequiresRole('operator')
  @Describes(verb('cancelRun', 'Turns a run back, until its point of no return'))
  cancel(@Param('id') id: string, @Body() body: unknown, @Req() request: GatewayRequest) {
    return this.give(coordinator.cancelRun, id, checked(verbBody, body), request);
  }

  @Post(':id/abandon')
  @HttpCode(200)
  @RequiresRole('approver')
  @Describes(verb('abandonRun', 'Gives a stuck run up, when nothing it touched can do harm'))
  abandon(@Param('id') id: string, @Body() body: unknown, @Req() request: GatewayRequest) {
    return this.give(coordinator.abandonRun, id, checked(verbBody, body), request);
  }

  @Post(':id/mark-done')
  @HttpCode(200)
  @RequiresRole('approver')
  @Describes(verb('markRunDone', 'Vouches that the step of a stuck run is done', markBody))
  async markDone(@Param('id') id: string, @Body() body: unknown, @Req() request: GatewayRequest) {
    const { actor } = callerOf(request);
    const input = { runId: await this.known(id), actor, ...checked(markBody, body) };
    return this.asker.command(coordinator.markRunDone, input, { actor });
  }

  private async give(
    command: typeof coordinator.retryRun | typeof coordinator.cancelRun | typeof coordinator.abandonRun,
    id: string,
    body: z.output<typeof verbBody>,
    request: GatewayRequest,
  ) {
    const { actor } = callerOf(request);
    return this.asker.command(command, { runId: await this.known(id), actor, ...body }, { actor });
  }

  /** Asked first, so that a coordinator that is away is told at once instead of after the time of a command. */
  private async known(id: string): Promise<RunId> {
    return (await this.asker.query(coordinator.getRun, { runId: idOf(id) })).id;
  }
}

function idOf(text: string): RunId {
  if (!idPattern('run').test(text)) throw new Problem(404, 'unknown-run', `there is no run ${text}`);
  return runId.parse(text);
}
