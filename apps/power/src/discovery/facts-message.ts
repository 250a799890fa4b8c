import type { HardwareFactsMessage } from '@rackwright/contracts';
import type { AdapterPortFacts, HardwareFacts } from '@rackwright/driver-core';

type PortMessage = HardwareFactsMessage['ports'][number];

const cut = (text: string | undefined, length = 200): string | undefined => text?.slice(0, length);

/** Leaves out what is undefined, as the contract wants it. */
function present<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined)) as T;
}

const whole = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.round(value));

/** What a BMC told, in the words of the contract; texts of devices are cut to their length there. */
export function factsMessage(facts: HardwareFacts): HardwareFactsMessage {
  return present<HardwareFactsMessage>({
    vendor: cut(facts.vendor),
    model: cut(facts.model),
    serial: cut(facts.serial),
    boardSerial: cut(facts.boardSerial),
    uuid: facts.uuid,
    architecture: facts.architecture,
    processorCount: whole(facts.processors?.count),
    cores: whole(facts.processors?.cores),
    threads: whole(facts.processors?.threads),
    memoryGiB: facts.memoryGiB,
    biosVersion: cut(facts.biosVersion),
    bmcFirmware: cut(facts.bmc?.firmware),
    ports: facts.ports.slice(0, 256).map(portMessage),
    bootSources: facts.boot.sources.slice(0, 60).map((source) => source.slice(0, 60)),
    sanBoot: facts.boot.sanBoot,
    powerWatts: facts.powerWatts,
    gaps: facts.gaps.slice(0, 100).map((gap) => gap.slice(0, 200)),
  });
}

function portMessage(port: AdapterPortFacts): PortMessage {
  const { lldp } = port;
  return present<PortMessage>({
    name: port.name.slice(0, 200),
    kind: port.kind,
    adapterModel: cut(port.adapterModel),
    permanentMac: port.permanentMac,
    permanentWwpn: port.permanentWwpn,
    permanentWwnn: port.permanentWwnn,
    linkUp: port.linkUp,
    speedMbps: whole(port.speedMbps),
    assignable: port.assignable,
    lldp:
      lldp &&
      present<NonNullable<PortMessage['lldp']>>({
        chassisId: cut(lldp.chassisId),
        portId: cut(lldp.portId),
        systemName: cut(lldp.systemName),
      }),
  });
}
