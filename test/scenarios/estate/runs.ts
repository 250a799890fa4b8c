import { coordinator, inventory, type ProfileDefinition } from '@rackwright/contracts';
import { isAppError, SystemClock } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import type { GatewaySeat } from './gateway-seat.js';

export type RunKind = 'associate' | 'migrate' | 'disassociate';

/** How a run came to rest. */
export interface RunEnd {
  readonly runId: string;
  readonly state: 'done' | 'undone' | 'stuck';
  readonly reason: string | undefined;
  readonly view: coordinator.RunView;
  readonly tookMs: number;
}

const ACTOR = 'scenario';
const ASK_MS = 20_000;
const RUN_MS = 90_000;
const clock = new SystemClock();

/** Plans and runs, asked for as a user does through the gateway. */
export class Runs {
  constructor(private readonly gateway: () => GatewaySeat) {}

  /** Defines a profile and gives its id. Throws unless its run ends done. */
  async define(definition: ProfileDefinition): Promise<string> {
    const end = await this.untilRest(await this.start({ kind: 'define-profile', definition }));
    if (end.state !== 'done') throw new Error(`${definition.name} could not be defined: ${describeEnd(end)}`);
    const { queries } = this.gateway();
    return (await queries.query(inventory.getProfile, { profile: definition.name })).id;
  }

  /** Plans and executes. Throws when the plan is blocked. */
  async run(kind: RunKind, profile: string, target?: string): Promise<RunEnd> {
    return this.untilRest(await this.begin(kind, profile, target));
  }

  /** As {@link run}, without waiting for the end; gives the run's id. */
  async begin(kind: RunKind, profile: string, target?: string): Promise<string> {
    const { queries } = this.gateway();
    const { id: profileId } = await queries.query(inventory.getProfile, { profile });
    if (kind === 'disassociate') return this.start({ kind, profileId, removeAccess: true });
    const server = target === undefined ? undefined : await queries.query(inventory.getServer, { server: target });
    return this.start({ kind, profileId, ...(server && { serverId: server.id }) });
  }

  /** Plans and executes any request; gives the run's id. */
  async start(request: coordinator.PlanRequest): Promise<string> {
    const { queries, commands } = this.gateway();
    const plan = await queries.query(coordinator.createPlan, { request, actor: ACTOR }, { timeoutMs: ASK_MS });
    if (plan.state !== 'ready')
      throw new Error(`${plan.title} is ${plan.state}: ${plan.blockedBy.map((each) => each.message).join('; ')}`);
    const outcome = await commands.ask(
      coordinator.executePlan,
      { planId: plan.id, actor: ACTOR },
      { timeoutMs: ASK_MS },
    );
    if (outcome.kind !== 'done') throw new Error(`${plan.title}: ${outcome.code}: ${outcome.message}`);
    return outcome.result.runId;
  }

  /** Waits until a run is done, undone or stuck; services may come and go meanwhile. */
  async untilRest(runId: string, withinMs = RUN_MS): Promise<RunEnd> {
    const beganMs = clock.monotonicMs();
    const view = await waitFor(
      async () => {
        const seen = await this.view(runId);
        if (seen && AT_REST.has(seen.state)) return seen;
        throw new Error(seen ? `${seen.state}: ${describeSteps(seen)}` : 'the coordinator does not answer');
      },
      { withinMs, everyMs: 100, what: `run ${runId} to come to rest` },
    );
    const tookMs = clock.monotonicMs() - beganMs;
    return { runId, state: view.state as RunEnd['state'], reason: view.reason, view, tookMs };
  }

  /** Waits until a step of a run was sent. */
  async untilStep(runId: string, step: string, states: readonly string[] = ['running', 'retrying', 'done']) {
    await waitFor(
      async () => {
        const seen = (await this.view(runId))?.steps.find((each) => each.step.split('[')[0] === step);
        return seen !== undefined && states.includes(seen.state);
      },
      { withinMs: 60_000, everyMs: 20, what: `run ${runId} to reach ${step}` },
    );
  }

  async cancel(runId: string): Promise<void> {
    await this.verb(coordinator.cancelRun, runId);
  }

  async retry(runId: string): Promise<RunEnd> {
    await this.verb(coordinator.retryRun, runId);
    await waitFor(async () => (await this.view(runId))?.state !== 'stuck' || undefined, { what: 'the run to go on' });
    return this.untilRest(runId);
  }

  private async verb(command: typeof coordinator.cancelRun | typeof coordinator.retryRun, runId: string) {
    await this.gateway().commands.ask(
      command,
      { runId: runId as never, actor: ACTOR, reason: 'scenario' },
      { timeoutMs: ASK_MS },
    );
  }

  private async view(runId: string): Promise<coordinator.RunView | undefined> {
    try {
      return await this.gateway().queries.query(coordinator.getRun, { runId: runId as never });
    } catch (error) {
      if (isAppError(error) && error.code.startsWith('messaging.')) return undefined;
      throw error;
    }
  }
}

const AT_REST: ReadonlySet<string> = new Set(['done', 'undone', 'stuck']);

/** One line for a failure text. */
export function describeEnd({ state, reason, view }: RunEnd): string {
  return `${view.title} ended ${state}${reason === undefined ? '' : `: ${reason}`} (${describeSteps(view)})`;
}

function describeSteps({ steps }: coordinator.RunView): string {
  return steps
    .filter((step) => step.note !== undefined || step.state === 'running' || step.state === 'retrying')
    .map((step) => `${step.step} ${step.state}${step.note === undefined ? '' : ` ${step.note}`}`)
    .join('; ');
}
