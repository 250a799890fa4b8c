import type { SagaState } from './fold.js';

/**
 * Folded journals of open sagas, so that an outcome costs reading the rows since, mostly none. A cached state may lag
 * behind the store, never run ahead of it: it is put in after a commit and taken out while it is worked on.
 */
export class StateCache {
  private readonly states = new Map<string, SagaState>();

  constructor(private readonly sizeMax: number) {}

  take(sagaIds: readonly string[]): Map<string, SagaState> {
    const taken = new Map<string, SagaState>();
    for (const id of sagaIds) {
      const state = this.states.get(id);
      if (state === undefined) continue;
      this.states.delete(id);
      taken.set(id, state);
    }
    return taken;
  }

  put(state: SagaState): void {
    if (this.sizeMax === 0 || state.status !== 'open') return;
    const other = this.states.get(state.sagaId);
    if (other !== undefined && other.sequence >= state.sequence) return;
    this.states.set(state.sagaId, state);
    if (this.states.size <= this.sizeMax) return;
    const [oldest] = this.states.keys();
    if (oldest !== undefined) this.states.delete(oldest);
  }
}
