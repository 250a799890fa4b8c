import type { CommandDefinition } from '@rackwright/contracts';
import { subjectOf } from '@rackwright/contracts';
import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import { stepsOf } from '@rackwright/saga';
import type { ServiceDefinition } from '@rackwright/service-host';
import type { CoordinatorConfig } from './coordinator.config.js';
import type { SagaBook } from './saga-book.js';
import { sagaCoordinatorMigrations } from './saga-coordinator.migrations.js';
import { SagaCoordinatorModule } from './saga-coordinator.module.js';

/** The saga coordinator with the sagas of this book. */
export function coordinatorWith(book: SagaBook, config: CoordinatorConfig = {}): ServiceDefinition {
  return {
    name: 'saga-coordinator',
    version: '0.1.0',
    modules: (parts) => [SagaCoordinatorModule.for(parts, book, config)],
    migrations: [...messagingMigrations, ...sagaCoordinatorMigrations],
    transport: messagingTransport({ sends: commandsOf(book) }),
  };
}

/** Every command a saga of the book may send, forwards and back: their outcomes are checked against the contract. */
export function commandsOf(book: SagaBook): readonly CommandDefinition[] {
  const steps = book.definitions.flatMap((definition) => [...stepsOf(definition).values()]);
  const commands = steps.flatMap(({ command, undo }) =>
    undo.kind === 'command' ? [command, undo.command] : [command],
  );
  return [...new Map(commands.map((command) => [subjectOf(command), command])).values()];
}
