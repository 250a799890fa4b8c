import type { Evidence } from '@rackwright/contracts';
import {
  again,
  fact,
  finishedRefused,
  finishedWith,
  partOf,
  type DeviceOperation,
  type Turn,
} from '@rackwright/device-work';
import type { DeviceCall, SanPortStatePort } from '@rackwright/driver-core';

interface SanPortWish {
  readonly port: string;
  readonly expect?: 'open' | 'closed';
}

/** Opens, closes and reads Fibre Channel ports; what counts is what the port shows at the end. */
export class SanPortTurns {
  async run(operation: DeviceOperation, fabric: string, driver: SanPortStatePort, call: DeviceCall): Promise<Turn> {
    const evidence: Evidence[] = [];
    for (const wish of (operation.input as { ports: SanPortWish[] }).ports) {
      const expected =
        operation.kind === 'close-san-ports'
          ? 'closed'
          : operation.kind === 'open-san-ports'
            ? 'open'
            : (wish.expect ?? 'closed');
      const part = partOf(
        operation.kind === 'read-san-ports'
          ? await driver.readSanPort(wish.port, call)
          : await driver.ensureSanPortState(wish.port, expected, call),
      );
      if ('turn' in part) return part.turn;
      const { state, persistent, loggedIn } = part.value.value;
      // A port that would open again with the next restart of its switch is no lasting cut.
      const problem =
        state !== expected
          ? `it is ${state}, ${expected} is expected`
          : expected === 'closed' && !persistent
            ? 'it is closed only until the switch restarts'
            : expected === 'closed' && loggedIn.length > 0
              ? `${loggedIn.join(' ')} is still logged in`
              : undefined;
      if (problem !== undefined) {
        const message = `${fabric} port ${wish.port}: ${problem}`;
        return operation.kind === 'read-san-ports' ? finishedRefused('port-differs', message) : again(300, message);
      }
      evidence.push(
        fact(part.value, {
          fact: `san-port-${state}`,
          subject: `${fabric}/${wish.port}`,
          value: persistent ? `${state}, persistent` : state,
        }),
      );
    }
    return finishedWith({ evidence });
  }
}
