import { Module, type DynamicModule } from '@nestjs/common';
import { CommandBus, EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { SagaEngine, SagaRegistry, type CrashPoints } from '@rackwright/saga';
import type { HostParts } from '@rackwright/service-host';
import type { CoordinatorConfig } from './coordinator.config.js';
import { CrashAt } from './engine/crash-at.js';
import { DueTimes } from './engine/due-times.js';
import { SagaRunner } from './engine/saga.runner.js';
import { BusCommandSender } from './journal/command.sender.js';
import { PgJournalStore } from './journal/journal.store.js';
import { ExecutePlanService } from './plan/execute-plan.service.js';
import { PlanService } from './plan/plan.service.js';
import { PlanStore } from './plan/plan.store.js';
import { PlanWorld } from './plan/plan-world.js';
import { RunListener } from './run/run.listener.js';
import { RunQueries } from './run/run.queries.js';
import { RunStore } from './run/run.store.js';
import { RunVerbs } from './run/run-verbs.service.js';
import { SAGA_BOOK, type SagaBook } from './saga-book.js';
import { CoordinatorQueryHandlers, PlanAndRunHandlers, SagaOutcomeHandlers } from './saga-coordinator.handlers.js';

@Module({})
export class SagaCoordinatorModule {
  static for(parts: HostParts, book: SagaBook, config: CoordinatorConfig): DynamicModule {
    const registry = new SagaRegistry(book.definitions);
    const store = new PgJournalStore(parts.database);
    const due = new DueTimes();
    return {
      module: SagaCoordinatorModule,
      controllers: [SagaOutcomeHandlers, PlanAndRunHandlers, CoordinatorQueryHandlers],
      providers: [
        { provide: SAGA_BOOK, useValue: book },
        { provide: SagaRegistry, useValue: registry },
        { provide: PgJournalStore, useValue: store },
        { provide: DueTimes, useValue: due },
        RunStore,
        {
          provide: SagaEngine,
          inject: [CommandBus, EventBus, RunStore],
          useFactory: (commands: CommandBus, events: EventBus, runs: RunStore): SagaEngine<Tx> =>
            new SagaEngine<Tx>({
              registry,
              store,
              sender: new BusCommandSender(commands),
              clock: parts.clock,
              listener: new RunListener(runs, events, registry, (at) => due.tell(at)),
              ...crashPointsOf(config),
            }),
        },
        SagaRunner,
        RunQueries,
        RunVerbs,
        PlanStore,
        PlanWorld,
        PlanService,
        ExecutePlanService,
      ],
    };
  }
}

function crashPointsOf({ crashAt, crashPoints }: CoordinatorConfig): { crashPoints?: CrashPoints } {
  if (crashPoints !== undefined) return { crashPoints };
  return crashAt === undefined ? {} : { crashPoints: new CrashAt(crashAt) };
}
