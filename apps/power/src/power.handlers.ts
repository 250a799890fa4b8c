import { Controller } from '@nestjs/common';
import {
  refused,
  inventory,
  power,
  powerSealingKey,
  type Guard,
  type InputOf,
  type Outcome,
} from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import { DeviceWork } from '@rackwright/device-work';
import type { ServerId } from '@rackwright/kernel';
import {
  Answers,
  deferred,
  Handles,
  ReceivesOutcomes,
  type CommandContext,
  type ReceivedOutcome,
} from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { BMC } from './bmc/bmc-drivers.js';
import { BmcService } from './bmc/bmc.service.js';
import { BmcStore } from './bmc/bmc.store.js';
import { Discovery } from './discovery/discovery.js';
import { PowerReader } from './poll/power-reader.js';

/** BMCs, and what inventory says about the machines behind them. */
@Controller()
export class BmcHandlers {
  constructor(
    private readonly service: BmcService,
    private readonly bmcs: BmcStore,
    private readonly discovery: Discovery,
  ) {}

  @Handles(power.putBmc)
  putBmc(input: InputOf<typeof power.putBmc>, { tx }: CommandContext) {
    tx.afterCommit(() => this.discovery.discoverSoon(input.name));
    return this.service.put(tx, input);
  }

  @Handles(power.deleteBmc)
  deleteBmc(input: InputOf<typeof power.deleteBmc>, { tx }: CommandContext) {
    return this.service.delete(tx, input.name);
  }

  @ReceivesOutcomes()
  async receive(outcomes: ReceivedOutcome[], tx: Tx): Promise<void> {
    for (const { commandId, command, outcome } of outcomes)
      if (command.name === inventory.registerServer.name) await this.bmcs.registered(tx, commandId, outcome);
  }
}

/** Work on servers: recorded here, carried on by device work in the lane of the server's BMC. */
@Controller()
export class ServerWorkHandlers {
  constructor(
    private readonly work: DeviceWork,
    private readonly bmcs: BmcStore,
  ) {}

  @Handles(power.raisePowerEpochs)
  async raiseEpochs(input: InputOf<typeof power.raisePowerEpochs>, context: CommandContext) {
    await this.work.raise(context, input.guards);
    return deferred();
  }

  @Handles(power.refreshServer)
  async refreshServer(input: InputOf<typeof power.refreshServer>, context: CommandContext) {
    const bmc = await this.bmcs.get(input.bmc, context.tx);
    if (!bmc) return refused('unknown-bmc', `there is no BMC ${input.bmc}`);
    const parts = [{ lane: `${BMC}:${bmc.name}`, input }];
    const outcome = await this.work.record(context, { kind: 'refresh-server', guards: [], parts });
    return (outcome as Outcome<never> | undefined) ?? deferred();
  }

  @Handles(power.ensureOff)
  ensureOff(input: InputOf<typeof power.ensureOff>, context: CommandContext) {
    return this.record(context, 'ensure-off', input);
  }

  @Handles(power.ensureOn)
  ensureOn(input: InputOf<typeof power.ensureOn>, context: CommandContext) {
    return this.record(context, 'ensure-on', input);
  }

  @Handles(power.checkClean)
  checkClean(input: InputOf<typeof power.checkClean>, context: CommandContext) {
    return this.record(context, 'check-clean', input);
  }

  @Handles(power.programmeIdentity)
  programmeIdentity(input: InputOf<typeof power.programmeIdentity>, context: CommandContext) {
    return this.record(context, 'programme-identity', input);
  }

  @Handles(power.clearIdentity)
  clearIdentity(input: InputOf<typeof power.clearIdentity>, context: CommandContext) {
    return this.record(context, 'clear-identity', input);
  }

  @Handles(power.checkIdentity)
  checkIdentity(input: InputOf<typeof power.checkIdentity>, context: CommandContext) {
    return this.record(context, 'check-identity', input);
  }

  @Handles(power.verifyBoot)
  verifyBoot(input: InputOf<typeof power.verifyBoot>, context: CommandContext) {
    return this.record(context, 'verify-boot', input);
  }

  private async record(context: CommandContext, kind: string, input: { serverId: ServerId; guards: Guard[] }) {
    const bmc = await this.bmcs.ofServer(input.serverId, context.tx);
    if (!bmc) return refused('unknown-device', `no BMC is known for server ${input.serverId}`);
    const parts = [{ lane: `${BMC}:${bmc.name}`, input }];
    const outcome = await this.work.record(context, { kind, guards: input.guards, parts });
    return (outcome as Outcome<never> | undefined) ?? deferred();
  }
}

/** Questions. */
@Controller()
export class PowerQueryHandlers {
  constructor(
    private readonly service: BmcService,
    private readonly reader: PowerReader,
    private readonly devices: DeviceStore,
  ) {}

  @Answers(powerSealingKey)
  sealingKey() {
    return Promise.resolve({ publicKey: this.devices.publicKey });
  }

  @Answers(power.listBmcs)
  listBmcs(input: InputOf<typeof power.listBmcs>) {
    return this.service.list(input);
  }

  @Answers(power.readPower)
  readPower(input: InputOf<typeof power.readPower>) {
    return this.reader.read(input.serverId);
  }
}
