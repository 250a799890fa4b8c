import type { CrashPoint, CrashPoints } from '@rackwright/saga';

/** Kills this process, as a power cut would, when it passes a point for the n-th time: `after-append:step-done:commit#2`. */
export class CrashAt implements CrashPoints {
  private readonly point: string;
  private left: number;

  constructor(
    place: string,
    private readonly die: () => void = () => process.kill(process.pid, 'SIGKILL'),
  ) {
    const [point = '', times = '1'] = place.split('#');
    this.point = point;
    this.left = Number(times);
  }

  reached(point: CrashPoint): void {
    // A point without a step stands for that event at any step.
    if (point !== this.point && !point.startsWith(`${this.point}:`)) return;
    this.left -= 1;
    if (this.left === 0) this.die();
  }
}
