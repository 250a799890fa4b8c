import type { DeviceCall, DeviceSend } from '../device-result.js';

/**
 * One send through the gate: asks for a permit, runs `work`, closes the ticket whatever happens. A throw of `work`
 * closes it as `no-answer`; a refusal of the gate (`device.stale-epoch`) is thrown before anything left the machine.
 */
export async function gatedSend<T>(call: DeviceCall, send: DeviceSend, work: () => Promise<T>): Promise<T> {
  const ticket = await call.gate.permit(send);
  let end: 'answered' | 'no-answer' = 'no-answer';
  try {
    const answer = await work();
    end = 'answered';
    return answer;
  } finally {
    await ticket.close(end);
  }
}

/** Milliseconds until the call's deadline; never negative. */
export function remainingMs(call: DeviceCall): number {
  return Math.max(0, call.deadline.getTime() - call.clock.now().getTime());
}

/** Runs `work` with a signal that aborts at the call's deadline or with the caller's own signal. */
export async function withinDeadline<T>(call: DeviceCall, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = call.clock.setTimer(remainingMs(call), abort);
  if (call.signal?.aborted) abort();
  call.signal?.addEventListener('abort', abort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    timer.cancel();
    call.signal?.removeEventListener('abort', abort);
  }
}
