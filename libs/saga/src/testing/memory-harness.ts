import type { Outcome } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';

import type { CrashPoint } from '../crash-points.js';
import type { CommandToSend } from '../decision.js';
import type { SagaDefinition } from '../definition.js';
import { foldJournal } from '../fold.js';
import { parseUnitKey } from '../journal.js';
import { SagaRegistry } from '../registry.js';
import type { FaultHandle, FaultSpec, SagaEnd, SagaHarness } from './harness.js';
import { MemoryHost, SimulatedCrash } from './memory-host.js';
import { ScriptedParticipant } from './scripted-participant.js';

export interface MemoryHarnessOptions<In, World> {
  readonly definition: SagaDefinition<In>;
  readonly makeWorld: () => { readonly world: World; readonly input: In };
  /** Says how each command acts on the world; handlers must be `ensure`, as the real ones are. */
  readonly script: (participant: ScriptedParticipant, world: World) => void;
  readonly check: (world: World, end: SagaEnd) => readonly string[];
}

const SAGA_ID = 'run_test';

class Counter implements FaultHandle {
  count = 0;

  firedCount(): number {
    return this.count;
  }
}

interface Injected {
  readonly fault: FaultSpec;
  readonly counter: Counter;
  readonly hit: Set<string>;
}

/** Everything of one case. */
class Scene<World> {
  readonly participant = new ScriptedParticipant();
  readonly faults: Injected[] = [];
  readonly crashes = new Map<CrashPoint, Counter>();
  readonly cancels = new Map<string, Counter>();
  readonly host: MemoryHost;

  constructor(
    definition: SagaDefinition,
    readonly world: World,
  ) {
    this.host = new MemoryHost({
      registry: new SagaRegistry([definition]),
      answer: (sent) => this.answer(sent),
      crashPoints: { reached: (point) => this.crash(point) },
    });
  }

  private crash(point: CrashPoint): void {
    const counter = this.crashes.get(point);
    if (counter === undefined || counter.count > 0) return;
    counter.count += 1;
    throw new SimulatedCrash(point);
  }

  private answer(sent: CommandToSend): readonly Outcome[] {
    const fault = this.faultFor(sent);
    switch (fault?.phase) {
      case undefined:
        return [this.participant.handle(sent)];
      case 'repeat':
      case 'undo-repeat':
        return [this.participant.handle(sent), this.participant.handle(sent)];
      case 'before-effect':
      case 'undo-fails-once':
      case 'undo-fails-forever':
        return [{ kind: 'refused', code: 'test.injected', message: `injected ${fault.phase}` }];
      case 'after-effect':
        this.participant.handle(sent);
        return [{ kind: 'unknown', code: 'test.injected', message: 'injected after-effect' }];
      case 'timeout-unknown':
        return [];
    }
  }

  private faultFor(sent: CommandToSend): FaultSpec | undefined {
    const ref = parseUnitKey(sent.key.step);
    const found = this.faults.find(({ fault, hit }) => {
      const isUndo = fault.phase.startsWith('undo-');
      return ref?.step === fault.step && ref.undo === isUndo && (fault.times === 'always' || !hit.has(sent.key.step));
    });
    if (found === undefined) return undefined;
    found.hit.add(sent.key.step);
    found.counter.count += 1;
    return found.fault;
  }

  /** Cancels once the step was sent, before anything is delivered. */
  async cancelWhenSent(): Promise<void> {
    for (const [step, counter] of this.cancels) {
      const isSent = this.host.store.journal(SAGA_ID).some((row) => row.event === 'step-sent' && row.step === step);
      if (counter.count > 0 || !isSent) continue;
      counter.count += 1;
      await this.host.call((engine) => engine.cancel(SAGA_ID, { actor: 'test', reason: `cancelled at ${step}` }));
    }
  }
}

/** A harness in memory and virtual time: a saga's suite in milliseconds, before it meets real services. */
export class MemoryHarness<In, World> implements SagaHarness<In> {
  private scene: Scene<World> | undefined;

  constructor(private readonly options: MemoryHarnessOptions<In, World>) {}

  start(): Promise<In> {
    const { world, input } = this.options.makeWorld();
    this.scene = new Scene(this.options.definition, world);
    this.options.script(this.scene.participant, world);
    return Promise.resolve(input);
  }

  injectFault(fault: FaultSpec): FaultHandle {
    const counter = new Counter();
    this.current.faults.push({ fault, counter, hit: new Set() });
    return counter;
  }

  crashAt(point: CrashPoint): FaultHandle {
    const counter = new Counter();
    this.current.crashes.set(point, counter);
    return counter;
  }

  cancelAt(step: string): FaultHandle {
    const counter = new Counter();
    this.current.cancels.set(step, counter);
    return counter;
  }

  async runSaga(input: In): Promise<SagaEnd> {
    const { host } = this.current;
    const { definition } = this.options;
    await host.call((engine) => engine.start({ sagaId: SAGA_ID, definition, input }));
    await host.runToEnd(() => this.current.cancelWhenSent());
    const journal = host.store.journal(SAGA_ID);
    const { status, stuck } = foldJournal({ sagaId: SAGA_ID, rows: journal });
    if (status === 'open') throw new AppError('saga.test-does-not-rest', 'the saga is still open');
    return { status, journal, ...(stuck && { stuck }) };
  }

  checkWorld(end: SagaEnd): Promise<readonly string[]> {
    return Promise.resolve(this.options.check(this.current.world, end));
  }

  close(): Promise<void> {
    this.scene = undefined;
    return Promise.resolve();
  }

  private get current(): Scene<World> {
    if (this.scene === undefined) throw new AppError('saga.test-not-started', 'call start() first');
    return this.scene;
  }
}
