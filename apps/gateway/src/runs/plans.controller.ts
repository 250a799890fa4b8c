import { Body, Controller, Get, Headers, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { coordinator, objectName, profileDefinition, runId } from '@rackwright/contracts';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { Asker } from '../asking/asker.service.js';
import { callerOf } from '../http/caller-of.js';
import { checked } from '../http/checked.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { NamesService } from '../lists/names.service.js';
import { Describes } from '../openapi/describes.js';
import { RunsService } from './runs.service.js';

const idOrName = z.string().min(1).max(100);
/** How long the operating system gets to shut down by itself, in milliseconds; a minute when left out. */
const graceMs = z.int().min(0).max(3_600_000).optional();
const where = { server: idOrName.optional(), pool: objectName.optional() };
const planBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('associate'), profile: idOrName, ...where }),
  z.strictObject({ kind: z.literal('migrate'), profile: idOrName, ...where, graceMs }),
  z.strictObject({
    kind: z.literal('disassociate'),
    profile: idOrName,
    removeAccess: z.boolean().default(true),
    graceMs,
  }),
  z.strictObject({ kind: z.literal('fence'), server: idOrName, reason: z.string().min(1).max(500) }),
  z.strictObject({ kind: z.literal('delete-profile'), profile: idOrName }),
  z.strictObject({ kind: z.literal('define-profile'), profile: idOrName.optional(), definition: profileDefinition }),
]);

/** Plans: what a change would do, before it is done. */
@Controller('api/v1/plans')
export class PlansController {
  constructor(
    private readonly asker: Asker,
    private readonly runs: RunsService,
    private readonly names: NamesService,
  ) {}

  @Post()
  @RequiresRole('operator')
  @Describes({
    id: 'createPlan',
    tag: 'Plans',
    summary: 'Computes what a change would do; changes nothing',
    description: 'Profiles and servers are given by id or name. Without a server the best one that qualifies is taken.',
    body: planBody,
    result: coordinator.planView,
    status: 201,
    problems: [404, 409, 422],
  })
  async create(@Body() body: unknown, @Req() request: GatewayRequest, @Res({ passthrough: true }) response: Response) {
    const plan = await this.runs.plan(await this.resolve(checked(planBody, body)), callerOf(request).actor);
    response.set('Location', `/api/v1/plans/${plan.id}`);
    return plan;
  }

  @Get(':id')
  @RequiresRole('viewer')
  @Describes({ id: 'getPlan', tag: 'Plans', summary: 'One plan', result: coordinator.planView, problems: [404] })
  get(@Param('id') id: string) {
    return this.asker.query(coordinator.getPlan, { planId: id.slice(0, 60) });
  }

  @Post(':id/runs')
  @HttpCode(202)
  @RequiresRole('operator')
  @Describes({
    id: 'startRun',
    tag: 'Plans',
    summary: 'Carries a plan out, exactly as it was shown',
    result: z.strictObject({ runId }),
    status: 202,
    headers: {
      'Idempotency-Key': { description: 'Unique for this start; the same when repeating it', required: true },
    },
    problems: [400, 404, 409, 422],
  })
  async start(
    @Param('id') id: string,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    if (key === undefined) throw new Problem(400, 'idempotency-key-missing', 'starting a run needs an Idempotency-Key');
    const { actor } = callerOf(request);
    const plan = await this.get(id);
    const started = await this.runs.start(plan.id, {
      actor,
      key: { sagaId: `${actor}:${key}`, step: 'execute-plan', epoch: 1 },
    });
    response.set({ Location: `/api/v1/runs/${started.runId}`, 'Retry-After': '1' });
    return started;
  }

  private async resolve(body: z.output<typeof planBody>): Promise<coordinator.PlanRequest> {
    switch (body.kind) {
      case 'fence':
        return { kind: body.kind, serverId: await this.names.serverId(body.server), reason: body.reason };
      case 'define-profile':
        return {
          kind: body.kind,
          definition: body.definition,
          ...(body.profile !== undefined && { profileId: await this.names.profileId(body.profile) }),
        };
      case 'disassociate':
        return {
          kind: body.kind,
          profileId: await this.names.profileId(body.profile),
          removeAccess: body.removeAccess,
          ...(body.graceMs !== undefined && { graceMs: body.graceMs }),
        };
      case 'delete-profile':
        return { kind: body.kind, profileId: await this.names.profileId(body.profile) };
      case 'associate':
      case 'migrate':
        return {
          kind: body.kind,
          profileId: await this.names.profileId(body.profile),
          ...('graceMs' in body && body.graceMs !== undefined && { graceMs: body.graceMs }),
          ...(body.server !== undefined && { serverId: await this.names.serverId(body.server) }),
          ...(body.pool !== undefined && { pool: body.pool }),
        };
    }
  }
}
