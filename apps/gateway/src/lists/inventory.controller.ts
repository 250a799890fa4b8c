import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { failover, inventory, power, runId, serverLifecycle, type InputOf } from '@rackwright/contracts';
import { powerState } from '@rackwright/contracts';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { Asker } from '../asking/asker.service.js';
import { callerOf } from '../http/caller-of.js';
import { checked } from '../http/checked.js';
import { listOf, paged, pageQuery, whole } from '../http/pages.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { Describes } from '../openapi/describes.js';

const reason = z.string().min(1).max(500);
const lifecycleBody = z.strictObject({ to: inventory.setServerLifecycle.input.shape.to, reason });
const fenceBody = z.strictObject({ reason });
const filter = z.string().min(1).max(63).optional();
const serverQuery = z.strictObject({
  ...pageQuery,
  lifecycle: serverLifecycle.optional(),
  pool: filter,
  site: filter,
  power: powerState.optional(),
  search: z.string().max(200).optional(),
});
const item = <T extends { readonly shape: { readonly items: z.ZodArray<z.ZodType> } }>(result: T) =>
  result.shape.items.element;

/** What there is: sites, pools, servers, BMCs. */
@Controller('api/v1')
export class InventoryController {
  constructor(private readonly asker: Asker) {}

  @Get('sites')
  @RequiresRole('viewer')
  @Describes({
    id: 'listSites',
    tag: 'Inventory',
    summary: 'Sites with their racks',
    result: listOf(item(inventory.listSites.result)),
  })
  async sites() {
    return whole(await this.asker.query(inventory.listSites, {}));
  }

  @Get('server-pools')
  @RequiresRole('viewer')
  @Describes({
    id: 'listServerPools',
    tag: 'Inventory',
    summary: 'Server pools and how many servers are free in each',
    result: listOf(item(inventory.listServerPools.result)),
  })
  async serverPools() {
    return whole(await this.asker.query(inventory.listServerPools, {}));
  }

  @Get('bmcs')
  @RequiresRole('viewer')
  @Describes({
    id: 'listBmcs',
    tag: 'Inventory',
    summary: 'BMCs and how they answer',
    query: z.strictObject(pageQuery),
    result: listOf(power.bmcView),
    problems: [422],
  })
  async bmcs(@Query() query: unknown, @Req() request: GatewayRequest, @Res({ passthrough: true }) response: Response) {
    return paged(await this.asker.query(power.listBmcs, checked(z.strictObject(pageQuery), query)), request, response);
  }

  @Get('servers')
  @RequiresRole('viewer')
  @Describes({
    id: 'listServers',
    tag: 'Servers',
    summary: 'Servers, filtered, in pages',
    description: '`search` takes a part of a name, serial, model, MAC or WWPN, in any notation.',
    query: serverQuery,
    result: listOf(inventory.serverView),
    problems: [422],
  })
  async servers(
    @Query() query: unknown,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    const input = checked(serverQuery, query) as InputOf<typeof inventory.listServers>;
    return paged(await this.asker.query(inventory.listServers, input), request, response);
  }

  @Get('servers/:server')
  @RequiresRole('viewer')
  @Describes({
    id: 'getServer',
    tag: 'Servers',
    summary: 'One server, by id or name',
    result: inventory.serverView,
    problems: [404],
  })
  server(@Param('server') server: string) {
    return this.asker.query(inventory.getServer, { server });
  }

  @Post('servers/:server/lifecycle')
  @HttpCode(200)
  @RequiresRole('operator')
  @Describes({
    id: 'setServerLifecycle',
    tag: 'Servers',
    summary: 'Moves a server in its life cycle',
    body: lifecycleBody,
    result: inventory.setServerLifecycle.result,
    problems: [404, 409, 422],
  })
  async lifecycle(@Param('server') server: string, @Body() body: unknown, @Req() request: GatewayRequest) {
    const input = checked(lifecycleBody, body);
    const { id } = await this.server(server);
    const { actor } = callerOf(request);
    return this.asker.command(inventory.setServerLifecycle, { serverId: id, ...input }, { actor });
  }

  @Post('servers/:server/fence')
  @HttpCode(202)
  @RequiresRole('operator')
  @Describes({
    id: 'fenceServer',
    tag: 'Servers',
    summary: 'Fences a server by hand: off, cut, cleared, quarantined',
    body: fenceBody,
    result: z.strictObject({ runId }),
    status: 202,
    problems: [404, 409, 422],
  })
  async fence(
    @Param('server') server: string,
    @Body() body: unknown,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    const input = checked(fenceBody, body);
    const { id } = await this.server(server);
    const { actor } = callerOf(request);
    const started = await this.asker.command(
      failover.requestFence,
      { serverId: id, reason: input.reason, actor },
      { actor, timeoutMs: 30_000 },
    );
    response.set({ Location: `/api/v1/runs/${started.runId}`, 'Retry-After': '1' });
    return started;
  }

  @Post('servers/:server/refresh')
  @HttpCode(202)
  @RequiresRole('operator')
  @Describes({
    id: 'refreshServer',
    tag: 'Servers',
    summary: 'Reads the hardware facts of a server again',
    description: 'Answers when the reading is done, or after a few seconds while it goes on.',
    result: z.strictObject({ state: z.enum(['read', 'reading']), readAt: z.iso.datetime({ offset: true }).optional() }),
    status: 202,
    problems: [404, 409],
  })
  async refresh(@Param('server') server: string, @Req() request: GatewayRequest) {
    const { bmc, name } = await this.server(server);
    if (bmc === undefined) throw new Problem(409, 'no-bmc', `nobody knows the BMC of ${name}`);
    try {
      const options = { actor: callerOf(request).actor, timeoutMs: 5_000 };
      const { readAt } = await this.asker.command(power.refreshServer, { bmc }, options);
      return { state: 'read', readAt };
    } catch (error) {
      if (error instanceof Problem && error.code === 'outcome-unknown') return { state: 'reading' };
      throw error;
    }
  }
}
