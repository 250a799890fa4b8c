import { Controller } from '@nestjs/common';
import { network, networkSealingKey, type Guard, type InputOf, type Outcome } from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import { DeviceWork } from '@rackwright/device-work';
import { Answers, deferred, Handles, type CommandContext } from '@rackwright/messaging';
import { NetworkService } from './network/network.service.js';
import { SWITCH, SwitchService } from './switch/switch.service.js';
import { VnicService } from './vnic/vnic.service.js';

/** Networks, pools, switches and vNICs. */
@Controller()
export class NetworkHandlers {
  constructor(
    private readonly networks: NetworkService,
    private readonly vnics: VnicService,
    private readonly switches: SwitchService,
  ) {}

  @Handles(network.putNetwork)
  putNetwork(input: InputOf<typeof network.putNetwork>, { tx }: CommandContext) {
    return this.networks.put(tx, input);
  }

  @Handles(network.deleteNetwork)
  deleteNetwork(input: InputOf<typeof network.deleteNetwork>, { tx }: CommandContext) {
    return this.networks.delete(tx, input.name);
  }

  @Handles(network.putNetworkSet)
  putNetworkSet(input: InputOf<typeof network.putNetworkSet>, { tx }: CommandContext) {
    return this.networks.putSet(tx, input);
  }

  @Handles(network.putMacPool)
  putMacPool(input: InputOf<typeof network.putMacPool>, { tx }: CommandContext) {
    return this.vnics.putPool(tx, input);
  }

  @Handles(network.putSwitch)
  putSwitch(input: InputOf<typeof network.putSwitch>, { tx }: CommandContext) {
    return this.switches.put(tx, input);
  }

  @Handles(network.reserveVnics)
  reserveVnics(input: InputOf<typeof network.reserveVnics>, { tx }: CommandContext) {
    return this.vnics.reserve(tx, input);
  }

  @Handles(network.releaseVnics)
  releaseVnics(input: InputOf<typeof network.releaseVnics>, { tx }: CommandContext) {
    return this.vnics.release(tx, input);
  }

  @Handles(network.resolveVnics)
  resolveVnics(input: InputOf<typeof network.resolveVnics>, { tx }: CommandContext) {
    return this.vnics.resolve(tx, input.profileId);
  }
}

/** Work on switches: recorded here, carried on by device work. */
@Controller()
export class SwitchWorkHandlers {
  constructor(private readonly work: DeviceWork) {}

  @Handles(network.raiseNetworkEpochs)
  async raiseEpochs(input: InputOf<typeof network.raiseNetworkEpochs>, context: CommandContext) {
    await this.work.raise(context, input.guards);
    return deferred();
  }

  @Handles(network.closePorts)
  closePorts(input: InputOf<typeof network.closePorts>, context: CommandContext) {
    return this.recordPorts(context, 'close-ports', input);
  }

  @Handles(network.openPorts)
  openPorts(input: InputOf<typeof network.openPorts>, context: CommandContext) {
    return this.recordPorts(context, 'open-ports', input);
  }

  @Handles(network.readPorts)
  readPorts(input: InputOf<typeof network.readPorts>, context: CommandContext) {
    return this.recordPorts(context, 'read-ports', input);
  }

  /** One part per switch: switches work side by side, the ports of one switch in one turn. */
  private async recordPorts(
    context: CommandContext,
    kind: string,
    input: { guards: Guard[]; ports: readonly { device: string }[] },
  ) {
    const devices = [...new Set(input.ports.map((port) => port.device))];
    const parts = devices.map((device) => ({
      lane: `${SWITCH}:${device}`,
      input: { ports: input.ports.filter((port) => port.device === device) },
    }));
    const outcome = await this.work.record(context, { kind, guards: input.guards, parts });
    return (outcome as Outcome<never> | undefined) ?? deferred();
  }
}

/** Questions. */
@Controller()
export class NetworkQueryHandlers {
  constructor(
    private readonly networks: NetworkService,
    private readonly vnics: VnicService,
    private readonly switches: SwitchService,
    private readonly devices: DeviceStore,
  ) {}

  @Answers(networkSealingKey)
  sealingKey() {
    return Promise.resolve({ publicKey: this.devices.publicKey });
  }

  @Answers(network.listNetworks)
  listNetworks(input: InputOf<typeof network.listNetworks>) {
    return this.networks.list(input);
  }

  @Answers(network.listNetworkSets)
  listNetworkSets() {
    return this.networks.listSets();
  }

  @Answers(network.listMacPools)
  listMacPools() {
    return this.vnics.listPools();
  }

  @Answers(network.listSwitches)
  listSwitches() {
    return this.switches.list();
  }

  @Answers(network.getSwitchPorts)
  getSwitchPorts(input: InputOf<typeof network.getSwitchPorts>) {
    return this.switches.ports(input.name);
  }

  @Answers(network.previewVnics)
  previewVnics(input: InputOf<typeof network.previewVnics>) {
    return this.vnics.preview(input);
  }

  @Answers(network.getVnics)
  getVnics(input: InputOf<typeof network.getVnics>) {
    return this.vnics.get(input.profileId);
  }
}
