/** Carries the times sagas want to be looked at from where they are written to whoever keeps the timer. */
export class DueTimes {
  private listener: ((at: Date) => void) | undefined;

  listen(listener: (at: Date) => void): void {
    this.listener = listener;
  }

  tell(at: Date): void {
    this.listener?.(at);
  }
}
