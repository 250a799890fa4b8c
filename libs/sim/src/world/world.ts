import type { Clock } from '@rackwright/kernel';
import { cableFrom } from './cabling.js';
import { WorldCore } from './core.js';
import { FabricPhysics } from './fabric.js';
import { IdentityPhysics } from './identity.js';
import { IoPhysics } from './io.js';
import type { WorldState } from './model.js';
import { NetworkPhysics } from './network.js';
import { PowerPhysics } from './power.js';
import { ArrayPhysics } from './storage.js';
import type { HardwareEvent, WorldObserver } from './events.js';

/**
 * The simulated hardware itself, apart from what any management interface says about it. `state` is the truth, to be
 * read freely and changed only through the parts below.
 */
export class World {
  readonly core: WorldCore;
  readonly power: PowerPhysics;
  readonly identity: IdentityPhysics;
  readonly network: NetworkPhysics;
  readonly fabrics: FabricPhysics;
  readonly arrays: ArrayPhysics;
  readonly io: IoPhysics;

  constructor(state: WorldState, clock: Clock) {
    this.core = new WorldCore(state, clock);
    this.power = new PowerPhysics(this.core);
    this.identity = new IdentityPhysics(this.core);
    this.network = new NetworkPhysics(this.core);
    this.fabrics = new FabricPhysics(this.core);
    this.arrays = new ArrayPhysics(this.core);
    this.io = new IoPhysics(this.core, this.fabrics, this.arrays);
    this.power.bootsWith((server) => this.io.probeBoot(server));
    this.core.change({ kind: 'world-started', device: { kind: 'feed', name: '' }, actor: 'physics' }, () => undefined);
    this.core.arm();
  }

  get state(): WorldState {
    return this.core.state;
  }

  get timeMs(): number {
    return this.core.timeMs;
  }

  observe(observer: WorldObserver): () => void {
    return this.core.observe(observer);
  }

  history(): readonly HardwareEvent[] {
    return this.core.history();
  }

  mutationCounts(): Readonly<Record<string, number>> {
    return this.core.mutationCounts();
  }

  mutationsOf(deviceKind: string, eventKind?: string): number {
    return this.core.mutationsOf(deviceKind, eventKind);
  }

  /** Pulls or mends a cable at its server or array end. Does nothing when there is none. */
  setCable(device: string, port: string, broken: boolean, actor: string): boolean {
    const cable = cableFrom(this.state, device, port);
    if (!cable) return false;
    const detail = { port, broken };
    this.core.change({ kind: 'cable', device: { kind: 'cable', name: `${device}/${port}` }, actor, detail }, () => {
      cable.broken = broken;
    });
    return true;
  }

  /** Makes a switch reachable or not for its management face. */
  setReachable(kind: 'switch' | 'fc-switch', name: string, reachable: boolean, actor: string): void {
    const device = kind === 'switch' ? this.network.switch(name) : this.fabrics.fcSwitch(name).fcSwitch;
    this.core.change({ kind: 'reachable', device: { kind, name }, actor, detail: { reachable } }, () => {
      device.reachable = reachable;
    });
  }

  close(): void {
    this.core.close();
  }
}
