import { Controller, Get, Inject } from '@nestjs/common';
import {
  coordinator,
  inventory,
  network,
  power,
  SERVER_LIFECYCLES,
  storageIdentity as storage,
} from '@rackwright/contracts';
import type { Clock } from '@rackwright/kernel';
import { CLOCK } from '@rackwright/service-host';
import { z } from 'zod';
import { Public, RequiresRole } from '../access/access.guard.js';
import { Asker } from '../asking/asker.service.js';
import type { GatewayConfig } from '../gateway.config.js';
import { GATEWAY_CONFIG } from '../gateway.tokens.js';
import { GATEWAY_VERSION } from '../version.js';
import { Describes } from '../openapi/describes.js';

const LOOK_MS = 1_500;

const count = z.int().nullable();
const status = z.strictObject({
  version: z.string(),
  simulator: z.boolean(),
  services: z.array(
    z.strictObject({
      name: z.string(),
      /** Absent: this service answers no questions, so nobody can tell from here. */
      healthy: z.boolean().optional(),
      answeredInMs: z.int().optional(),
      problem: z.string().optional(),
    }),
  ),
  counts: z.strictObject({
    servers: z.record(z.string(), count),
    profiles: count,
    runs: z.strictObject({ open: count, stuck: count }),
  }),
});
type Status = z.output<typeof status>;

/** How the installation is. */
@Controller('api/v1')
export class StatusController {
  constructor(
    private readonly asker: Asker,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get('status')
  @RequiresRole('viewer')
  @Describes({
    id: 'getStatus',
    tag: 'Status',
    summary: 'Services, and how much there is of everything',
    description: 'A count is null when its service does not answer.',
    result: status,
  })
  async status(): Promise<Status> {
    const one = { limit: 1 };
    const [services, lifecycles, profiles, open, stuck] = await Promise.all([
      this.services(),
      Promise.all(
        SERVER_LIFECYCLES.map(async (lifecycle) => [
          lifecycle,
          await this.total(() => this.asker.query(inventory.listServers, { ...one, lifecycle }, LOOK_MS)),
        ]),
      ),
      this.total(() => this.asker.query(inventory.listProfiles, one, LOOK_MS)),
      this.total(() => this.asker.query(coordinator.listRuns, { ...one, open: true }, LOOK_MS)),
      this.total(() => this.asker.query(coordinator.listRuns, { ...one, state: 'stuck' }, LOOK_MS)),
    ]);
    return {
      version: GATEWAY_VERSION,
      simulator: this.config.isSimulated,
      services,
      counts: {
        servers: Object.fromEntries(lifecycles) as Status['counts']['servers'],
        profiles,
        runs: { open, stuck },
      },
    };
  }

  @Get('healthz')
  @Public()
  @Describes({
    id: 'health',
    tag: 'Status',
    summary: 'The gateway lives',
    result: z.strictObject({ status: z.literal('live'), version: z.string() }),
  })
  health() {
    return { status: 'live', version: GATEWAY_VERSION };
  }

  private async services(): Promise<Status['services']> {
    const looks: readonly [string, () => Promise<unknown>][] = [
      ['inventory', () => this.asker.query(inventory.listSites, {}, LOOK_MS)],
      ['network', () => this.asker.query(network.listMacPools, {}, LOOK_MS)],
      ['storage-identity', () => this.asker.query(storage.listWwnPools, {}, LOOK_MS)],
      ['power', () => this.asker.query(power.listBmcs, { limit: 1 }, LOOK_MS)],
      ['saga-coordinator', () => this.asker.query(coordinator.listRuns, { limit: 1 }, LOOK_MS)],
    ];
    const asked = await Promise.all(looks.map(([name, look]) => this.look(name, look)));
    return [{ name: 'gateway', healthy: true }, ...asked, { name: 'failover' }];
  }

  private async look(name: string, ask: () => Promise<unknown>): Promise<Status['services'][number]> {
    const startedMs = this.clock.monotonicMs();
    try {
      await ask();
      return { name, healthy: true, answeredInMs: Math.round(this.clock.monotonicMs() - startedMs) };
    } catch (error) {
      return { name, healthy: false, problem: error instanceof Error ? error.message : 'no answer' };
    }
  }

  private async total(ask: () => Promise<{ readonly total: number }>): Promise<number | null> {
    try {
      return (await ask()).total;
    } catch {
      return null;
    }
  }
}
