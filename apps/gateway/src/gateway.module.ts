import { Module, type BeforeApplicationShutdown, type DynamicModule, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AccessController } from './access/access.controller.js';
import { AccessGuard } from './access/access.guard.js';
import { AccessService } from './access/access.service.js';
import { CallerService } from './access/caller.service.js';
import { LoginAttempts } from './access/login-attempts.js';
import { Asker } from './asking/asker.service.js';
import { ApplyDocumentsService } from './documents/apply-documents.service.js';
import { DocumentsController } from './documents/documents.controller.js';
import { PlanDocumentsService } from './documents/plan-documents.service.js';
import { WorldService } from './documents/world.service.js';
import { EventsController } from './events/events.controller.js';
import type { GatewayConfig } from './gateway.config.js';
import { GATEWAY_CONFIG, STOPPING } from './gateway.tokens.js';
import { ProblemFilter } from './http/problem.filter.js';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.js';
import { IdempotencyStore } from './idempotency/idempotency.store.js';
import { InventoryController } from './lists/inventory.controller.js';
import { NamesService } from './lists/names.service.js';
import { NetworkController } from './lists/network.controller.js';
import { ProfilesController } from './lists/profiles.controller.js';
import { CONTROLLERS, OpenApiController } from './openapi/openapi.controller.js';
import { PlansController } from './runs/plans.controller.js';
import { RunsController } from './runs/runs.controller.js';
import { RunsService } from './runs/runs.service.js';
import { StatusController } from './status/status.controller.js';

/** Every controller: the API is these and nothing else. */
export const GATEWAY_CONTROLLERS: readonly Type[] = [
  AccessController,
  DocumentsController,
  InventoryController,
  NetworkController,
  ProfilesController,
  PlansController,
  RunsController,
  EventsController,
  StatusController,
  OpenApiController,
];

/** Ends waiting requests and event streams before the server waits for its connections to end. */
class Stopper implements BeforeApplicationShutdown {
  readonly controller = new AbortController();

  beforeApplicationShutdown(): void {
    this.controller.abort();
  }

  onModuleDestroy(): void {
    this.controller.abort();
  }
}

@Module({})
export class GatewayModule {
  static for(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [...GATEWAY_CONTROLLERS],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: CONTROLLERS, useValue: GATEWAY_CONTROLLERS },
        Stopper,
        { provide: STOPPING, inject: [Stopper], useFactory: (stopper: Stopper) => stopper.controller.signal },
        Asker,
        CallerService,
        LoginAttempts,
        AccessService,
        NamesService,
        RunsService,
        WorldService,
        PlanDocumentsService,
        ApplyDocumentsService,
        IdempotencyStore,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
