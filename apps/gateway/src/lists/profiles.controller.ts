import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { inventory, network, objectName, runId, storageIdentity as storage, type InputOf } from '@rackwright/contracts';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { Asker } from '../asking/asker.service.js';
import { callerOf } from '../http/caller-of.js';
import { checked } from '../http/checked.js';
import { flag, listOf, paged, pageQuery } from '../http/pages.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { Describes } from '../openapi/describes.js';
import { RunsService } from '../runs/runs.service.js';
import { NamesService } from './names.service.js';

const profileQuery = z.strictObject({
  ...pageQuery,
  group: objectName.optional(),
  associated: flag.optional(),
  search: z.string().max(200).optional(),
});
const placementQuery = z.strictObject({ pool: objectName.optional(), server: z.string().min(1).max(100).optional() });
const profileDetail = inventory.profileView.extend({
  vnics: z.array(network.resolvedVnic).optional(),
  storage: storage.resolvedStorage.optional(),
  /** Services that did not answer, so that their part is missing here. */
  unavailable: z.array(z.string()).optional(),
});

/** Server profiles: what servers are, wherever they run. */
@Controller('api/v1/profiles')
export class ProfilesController {
  constructor(
    private readonly asker: Asker,
    private readonly names: NamesService,
    private readonly runs: RunsService,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @Describes({
    id: 'listProfiles',
    tag: 'Profiles',
    summary: 'Server profiles, filtered, in pages',
    query: profileQuery,
    result: listOf(inventory.profileView),
    problems: [422],
  })
  async list(@Query() query: unknown, @Req() request: GatewayRequest, @Res({ passthrough: true }) response: Response) {
    const input = checked(profileQuery, query) as InputOf<typeof inventory.listProfiles>;
    return paged(await this.asker.query(inventory.listProfiles, input), request, response);
  }

  @Get(':profile')
  @RequiresRole('viewer')
  @Describes({
    id: 'getProfile',
    tag: 'Profiles',
    summary: 'One profile, with its MACs, WWNs, LUNs and former holders',
    result: profileDetail,
    problems: [404],
  })
  async get(@Param('profile') idOrName: string): Promise<z.output<typeof profileDetail>> {
    const view = await this.names.profile(idOrName);
    const input = { profileId: view.id };
    const missing: string[] = [];
    const [vnics, initiators] = await Promise.all([
      this.asker.query(network.getVnics, input).catch((error: unknown) => noteMissing(error, missing)),
      this.asker.query(storage.getInitiators, input).catch((error: unknown) => noteMissing(error, missing)),
    ]);
    return {
      ...view,
      ...(vnics && { vnics: vnics.vnics }),
      ...(initiators?.storage && { storage: initiators.storage }),
      ...(missing.length > 0 && { unavailable: missing }),
    };
  }

  @Get(':profile/placement')
  @RequiresRole('viewer')
  @Describes({
    id: 'placeProfile',
    tag: 'Profiles',
    summary: 'Which servers qualify, best first, and for every other one why not',
    query: placementQuery,
    result: inventory.placeProfile.result,
    problems: [404, 422],
  })
  placement(@Param('profile') profile: string, @Query() query: unknown) {
    return this.asker.query(inventory.placeProfile, { profile, ...checked(placementQuery, query) });
  }

  @Delete(':profile')
  @HttpCode(202)
  @RequiresRole('operator')
  @Describes({
    id: 'deleteProfile',
    tag: 'Profiles',
    summary: 'Starts the run that removes a profile and gives its identities back',
    result: z.strictObject({ runId }),
    status: 202,
    problems: [404, 409],
  })
  async delete(
    @Param('profile') profile: string,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { actor } = callerOf(request);
    const plan = await this.runs.plan(
      { kind: 'delete-profile', profileId: await this.names.profileId(profile) },
      actor,
    );
    const [blocked] = plan.blockedBy;
    if (blocked !== undefined) throw Problem.ofRefusal(blocked.code, blocked.message);
    const started = await this.runs.start(plan.id, { actor });
    response.set({ Location: `/api/v1/runs/${started.runId}`, 'Retry-After': '1' });
    return started;
  }
}

/** A part that cannot be had now is named, instead of failing the whole. */
function noteMissing(error: unknown, missing: string[]): undefined {
  if (!(error instanceof Problem) || error.status !== 503) throw error;
  missing.push(error.detail);
}
