import { messageOf, type Clock } from '@rackwright/kernel';

/** Says what is wrong; undefined when nothing is. */
export type HealthCheck = () => string | undefined | Promise<string | undefined>;

export interface Readiness {
  readonly isReady: boolean;
  /** `ok` or what is wrong, by check. */
  readonly checks: Readonly<Record<string, string>>;
}

/** A check that hangs must not make the answer hang. */
const CHECK_TIMEOUT_MS = 2_000;

/** Everything that must hold before this process is of use to others. Modules may add checks of their own. */
export class HealthBoard {
  private readonly checks = new Map<string, HealthCheck>();

  constructor(private readonly clock: Clock) {}

  /** Adds or replaces a check. Returns how to remove it. */
  add(name: string, check: HealthCheck): () => void {
    this.checks.set(name, check);
    return () => {
      if (this.checks.get(name) === check) this.checks.delete(name);
    };
  }

  /** Runs all checks side by side. Never throws. */
  async read(): Promise<Readiness> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, (await this.run(check)) ?? 'ok'] as const),
    );
    return { isReady: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
  }

  private async run(check: HealthCheck): Promise<string | undefined> {
    const abort = new AbortController();
    const late = this.clock.sleep(CHECK_TIMEOUT_MS, abort.signal).then(
      () => `no answer within ${CHECK_TIMEOUT_MS} ms`,
      () => undefined,
    );
    try {
      return await Promise.race([Promise.resolve().then(check), late]);
    } catch (error) {
      return messageOf(error);
    } finally {
      abort.abort();
    }
  }
}
