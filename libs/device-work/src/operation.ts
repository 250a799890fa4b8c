import type { Guard, Outcome } from '@rackwright/contracts';
import type { DeviceCall } from '@rackwright/driver-core';
import type { Clock } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';

/** One piece of device work, in one lane, as a row in PostgreSQL. A command becomes one or several of them. */
export interface DeviceOperation<Input = unknown, Progress = Record<string, unknown>> {
  readonly id: string;
  readonly commandId: string;
  /** Name of the command, e.g. `close-ports`. */
  readonly kind: string;
  /** The device this work is for, e.g. `switch:leaf-1`; one live worker per lane. */
  readonly lane: string;
  readonly input: Input;
  readonly guards: readonly Guard[];
  /** What the handler remembered from earlier turns; empty at first. */
  readonly progress: Progress;
  /** 1 on the first turn. */
  readonly turn: number;
  readonly deadline: Date;
}

/**
 * What one turn of work came to. `again` gives the lane back and comes round later with `progress` kept; nothing waits
 * in memory, so a crash between turns loses nothing.
 */
export type Turn =
  | { readonly kind: 'finished'; readonly outcome: Outcome }
  | {
      readonly kind: 'again';
      readonly afterMs: number;
      readonly note: string;
      readonly progress?: Record<string, unknown>;
    };

/** What a handler works with. */
export interface LaneContext {
  readonly clock: Clock;
  /** A driver call under the guards of these operations; `timeoutMs` bounds one request to the device. */
  call(operations: readonly DeviceOperation[], timeoutMs: number): DeviceCall;
}

/** How the calls of a dead or paused worker were ended. */
export type EndedCalls = 'revoked' | 'cannot-end';

/** The work on one kind of device. Lanes are named `<prefix>:<device>`. */
export interface LaneHandler {
  readonly prefix: string;
  /**
   * Takes everything that is due in the lane at once, so that changes of one fabric or switch merge into one device
   * transaction. An operation without an entry in the answer comes round again shortly.
   */
  work(operations: readonly DeviceOperation[], context: LaneContext): Promise<ReadonlyMap<string, Turn>>;
  /** Ends what a former worker may still have under way on the device, e.g. by revoking its sessions. */
  endCalls(lane: string): Promise<EndedCalls>;
}

/** Where a finished command's outcome goes; in the services this is the outbox. */
export interface ReplySink {
  reply(tx: Tx, replyRef: unknown, outcome: Outcome): Promise<void>;
}

/** Makes a lane's work out of a function for one operation at a time. */
export function oneByOne(
  run: (operation: DeviceOperation, context: LaneContext) => Promise<Turn>,
): LaneHandler['work'] {
  return async (operations, context) => {
    const turns = new Map<string, Turn>();
    for (const operation of operations) turns.set(operation.id, await run(operation, context));
    return turns;
  };
}
