import {
  finished,
  finishedRefused,
  oneByOne,
  type DeviceOperation,
  type EndedCalls,
  type LaneContext,
  type LaneHandler,
  type Turn,
} from '@rackwright/device-work';
import { OPEN_GATE } from '@rackwright/driver-core';
import { BMC } from '../bmc/bmc-drivers.js';
import type { Discovery } from '../discovery/discovery.js';
import { clearIdentity } from './clear.turns.js';
import { checkClean, checkIdentity, programmeIdentity } from './identity.turns.js';
import { ensureOff, ensureOn } from './power.turns.js';
import { refreshServer } from './refresh.turns.js';
import { ServerJob, type ServerInput, type WorkParts } from './server-job.js';
import { verifyBoot } from './verify-boot.turns.js';

// The input of an operation was checked against its contract at the intake, so its kind tells its type.
type TurnOf = (job: ServerJob<never, never>) => Promise<Turn>;

const TURNS: Readonly<Record<string, TurnOf>> = {
  'ensure-off': ensureOff,
  'ensure-on': ensureOn,
  'check-clean': checkClean,
  'programme-identity': programmeIdentity,
  'clear-identity': clearIdentity,
  'check-identity': checkIdentity,
  'verify-boot': verifyBoot,
};

const PROBE_TIMEOUT_MS = 10_000;

/** Carries out the commands on one server, one after the other, bound to the machine with the serial they name. */
export class ServerWork implements LaneHandler {
  readonly prefix = BMC;
  readonly work = oneByOne((operation, context) => this.run(operation, context));

  constructor(
    private readonly parts: WorkParts,
    private readonly discovery: Discovery,
    private readonly clock: LaneContext['clock'],
  ) {}

  /**
   * Ends our session on the BMC, and with it what a former call could still do there. Only said when there was one and
   * the BMC answered afterwards; IPMI has nothing that could be ended.
   */
  async endCalls(lane: string): Promise<EndedCalls> {
    const name = lane.slice(BMC.length + 1);
    const ended = await this.parts.drivers.drop(name);
    if (!ended?.closingEndsCalls) return 'cannot-end';
    const bmc = await this.parts.bmcs.get(name);
    const deadline = new Date(this.clock.now().getTime() + PROBE_TIMEOUT_MS);
    const call = { clock: this.clock, gate: OPEN_GATE, deadline };
    const answer = await this.parts.drivers.fresh(name, bmc?.board_serial ?? undefined, ({ power }) =>
      power.readPower(call),
    );
    return answer.kind === 'done' ? 'revoked' : 'cannot-end';
  }

  private async run(operation: DeviceOperation, context: LaneContext): Promise<Turn> {
    const name = operation.lane.slice(BMC.length + 1);
    const bmc = await this.parts.bmcs.get(name);
    if (operation.kind === 'refresh-server') return refreshServer(operation, bmc, this.discovery);
    if (!bmc) return finishedRefused('unknown-device', `there is no BMC ${name}`);
    const turn = TURNS[operation.kind];
    if (!turn)
      return finished({
        kind: 'unknown',
        code: 'power.unknown-operation',
        message: `nobody carries out ${operation.kind}`,
      });
    const { boardSerial } = operation.input as ServerInput;
    const server = await this.parts.drivers.get(name, boardSerial);
    return turn(new ServerJob<never, never>(operation, context, this.parts, bmc, server));
  }
}
