import { Global, Module, type DynamicModule } from '@nestjs/common';
import { IdFactory, type Clock, type RandomSource } from '@rackwright/kernel';
import { MetricsRegistry, type Logger } from '@rackwright/observability';
import { Database } from '@rackwright/persistence';
import { HealthBoard } from './health-board.js';

/** Injection tokens of what has no class of its own: `constructor(@Inject(CLOCK) private readonly clock: Clock)`. */
export const CLOCK = Symbol('rackwright.clock');
export const RANDOM = Symbol('rackwright.random');
export const LOGGER = Symbol('rackwright.logger');

/** What the host made and the modules of a service may ask for. */
export interface HostParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly ids: IdFactory;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  readonly board: HealthBoard;
}

/** Offers {@link HostParts} to every module: classes under their own names, the rest under the tokens above. */
@Global()
@Module({})
export class ServiceHostModule {
  static for(parts: HostParts): DynamicModule {
    const providers = [
      { provide: Database, useValue: parts.database },
      { provide: IdFactory, useValue: parts.ids },
      { provide: MetricsRegistry, useValue: parts.metrics },
      { provide: HealthBoard, useValue: parts.board },
      { provide: CLOCK, useValue: parts.clock },
      { provide: RANDOM, useValue: parts.random },
      { provide: LOGGER, useValue: parts.logger },
    ];
    return { module: ServiceHostModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
