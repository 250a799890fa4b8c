/** A holder of locks: told when it gets one it waited for, and when one is taken from it. */
export interface LockHolder {
  notify(method: 'locked' | 'stolen', params: readonly unknown[]): void;
}

/** The advisory locks of one server (RFC 7047 section 4.1.8): first come, first served; `steal` takes at once. */
export class LockBook<Holder extends LockHolder> {
  private readonly queues = new Map<string, Holder[]>();

  /** True when the lock is held now; otherwise `locked` is sent when its turn comes. */
  lock(holder: Holder, lock: string): boolean {
    const queue = this.queues.get(lock) ?? [];
    this.queues.set(lock, queue);
    if (!queue.includes(holder)) queue.push(holder);
    return queue[0] === holder;
  }

  steal(holder: Holder, lock: string): true {
    const queue = (this.queues.get(lock) ?? []).filter((each) => each !== holder);
    const [victim] = queue.splice(0, 1);
    victim?.notify('stolen', [lock]);
    this.queues.set(lock, [holder, ...queue]);
    return true;
  }

  unlock(holder: Holder, lock: string): void {
    const queue = this.queues.get(lock) ?? [];
    const wasOwner = queue[0] === holder;
    const rest = queue.filter((each) => each !== holder);
    this.queues.set(lock, rest);
    if (wasOwner) rest[0]?.notify('locked', [lock]);
  }

  owns(holder: Holder, lock: string): boolean {
    return this.queues.get(lock)?.[0] === holder;
  }

  releaseAll(holder: Holder): void {
    for (const lock of this.queues.keys()) this.unlock(holder, lock);
  }
}
