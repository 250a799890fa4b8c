import { SystemClock, type Clock } from '@rackwright/kernel';
import type { DeviceCall, DeviceResult, DeviceSend, Observed, SendGate, SendTicket } from '../device-result.js';

/** A gate that remembers what passed it and can be told to refuse, as the services' gate does after an epoch bump. */
export class RecordingGate implements SendGate {
  readonly sends: DeviceSend[] = [];
  open = 0;
  refuseMutations = false;

  permit(send: DeviceSend): Promise<SendTicket> {
    if (this.refuseMutations && send.mutating) return Promise.reject(new Error('device.stale-epoch'));
    this.sends.push(send);
    this.open += 1;
    return Promise.resolve({
      close: () => {
        this.open -= 1;
        return Promise.resolve();
      },
    });
  }

  /** How many changing sends have passed. */
  get mutations(): number {
    return this.sends.filter((send) => send.mutating).length;
  }
}

/** A call with a deadline `withinMs` from now. */
export function callThrough(gate: SendGate, withinMs = 10_000, clock: Clock = new SystemClock()): DeviceCall {
  return { gate, clock, deadline: new Date(clock.now().getTime() + withinMs) };
}

/**
 * What an owning service does: asks again while the device settles, is busy or cannot tell, a bounded number of times.
 * Anything but `done` at the end is a failure of the device or of the driver, and is thrown with its text.
 */
export async function untilDone<T>(
  attempt: () => Promise<DeviceResult<T>>,
  options: { readonly attempts?: number; readonly pauseMs?: number } = {},
): Promise<{ readonly observed: Observed<T>; readonly changed: boolean }> {
  const clock = new SystemClock();
  let last: DeviceResult<T> | undefined;
  let changed = false;
  for (let index = 0; index < (options.attempts ?? 40); index++) {
    last = await attempt();
    if (last.kind === 'done') return { observed: last.observed, changed: changed || last.changed };
    if (last.kind === 'refused') break;
    changed = true;
    await clock.sleep(options.pauseMs ?? 50);
  }
  throw new Error(`never done: ${JSON.stringify(last)}`);
}
