import { coordinator, failover, inventory, power, type CommandDefinition } from '@rackwright/contracts';
import { PUT_COMMANDS } from './documents/commands.js';

/** Every command the gateway sends: definitions, life cycle, plans and runs. It moves no hardware by itself. */
export const GATEWAY_SENDS: readonly CommandDefinition[] = [
  ...Object.values(PUT_COMMANDS),
  inventory.setServerLifecycle,
  power.refreshServer,
  coordinator.executePlan,
  coordinator.cancelRun,
  coordinator.retryRun,
  coordinator.markRunDone,
  coordinator.abandonRun,
  failover.requestFence,
];
