import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inventoryDefinition } from '@rackwright/app-inventory/definition';
import { networkDefinition } from '@rackwright/app-network/definition';
import { powerDefinition } from '@rackwright/app-power/definition';
import { sagaCoordinatorDefinition } from '@rackwright/app-saga-coordinator/definition';
import { storageIdentityDefinition } from '@rackwright/app-storage-identity/definition';
import type { ServiceName } from '@rackwright/contracts';
import { SystemRandom } from '@rackwright/kernel';
import type { CrashPoint, SagaDefinition, StepDefinition } from '@rackwright/saga';
import { CATALOG, sagaFor } from '@rackwright/saga-catalog';
import type { ServiceDefinition } from '@rackwright/service-host';

/** The services of an estate, in the order in which they are started. */
export const HOSTED = ['inventory', 'network', 'storage-identity', 'power', 'saga-coordinator'] as const;
export type HostedName = (typeof HOSTED)[number] & ServiceName;

/** A definition by service; `crash` is told of every crash point of the coordinator. */
export type Definitions = Readonly<Record<HostedName, () => ServiceDefinition>>;

/** Devices are read often and an off state dwells briefly: simulated time runs fast. */
const POLL_EVERY_MS = 2_000;
/** Every BMC in turn is much work; nothing here rests on these readings. */
const POWER_POLL_EVERY_MS = 20_000;
const OFF_DWELL_MS = 60;
const BOOT_SETTLE_MS = 100;
const REST_MS = 3_600_000;

/** The definitions of the product, with settings for tests and a master key each. */
export function productDefinitions(folder: string, crash: (point: CrashPoint, sagaId: string) => void): Definitions {
  const device = (service: string) => ({
    masterKeyFile: masterKeyFile(folder, service),
    identityRestMs: REST_MS,
    pollEveryMs: POLL_EVERY_MS,
  });
  const network = device('network');
  const storage = device('storage-identity');
  const power = {
    ...device('power'),
    pollEveryMs: POWER_POLL_EVERY_MS,
    offDwellMs: OFF_DWELL_MS,
    bootSettleMs: BOOT_SETTLE_MS,
  };
  return {
    inventory: () => inventoryDefinition(),
    network: () => networkDefinition(network),
    'storage-identity': () => storageIdentityDefinition(storage),
    power: () => powerDefinition(power),
    'saga-coordinator': () => coordinatorOf(CATALOG, crash),
  };
}

/** A coordinator for these versions of the product's sagas, with pauses between tries as short as simulated time asks for. */
export function coordinatorOf(
  definitions: readonly SagaDefinition[],
  crash: (point: CrashPoint, sagaId: string) => void,
): ServiceDefinition {
  const quick = new Map(definitions.map((definition) => [definition.name, withShortPauses(definition)]));
  return sagaCoordinatorDefinition(
    { crashPoints: { reached: crash } },
    {
      definitions: [...quick.values()],
      sagaFor: (request, facts) => {
        const planned = sagaFor(request, facts);
        return { ...planned, definition: quick.get(planned.definition.name) ?? planned.definition };
      },
    },
  );
}

const PAUSE_MS = 40;

/** The same saga, but for the waits before a step is tried again. */
export function withShortPauses(definition: SagaDefinition): SagaDefinition {
  const brief = <P extends { readonly retry: StepDefinition['policy']['retry'] }>(policy: P): P => ({
    ...policy,
    retry: { ...policy.retry, backoffMs: PAUSE_MS, backoffMaxMs: 4 * PAUSE_MS },
  });
  const steps = (stages: SagaDefinition['stages']): SagaDefinition['stages'] =>
    stages.map((stage) =>
      stage.map((step) => ({
        ...step,
        policy: brief(step.policy),
        undo: step.undo.kind === 'command' ? { ...step.undo, policy: brief(step.undo.policy) } : step.undo,
      })),
    );
  const { stages, turn, abandon } = definition;
  return {
    ...definition,
    stages: steps(stages),
    ...(turn && { turn: { ...turn, stages: steps(turn.stages) } }),
    ...(abandon && { abandon: steps(abandon) }),
  };
}

function masterKeyFile(folder: string, service: string): string {
  const file = join(folder, `${service}.key`);
  writeFileSync(file, Buffer.from(new SystemRandom().bytes(32)).toString('hex'), { mode: 0o600 });
  return file;
}
