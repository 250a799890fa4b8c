import type { AdapterPortFacts, HardwareFacts } from '@rackwright/driver-core';
import { tryParseUuid } from '@rackwright/kernel';
import { at, link, links, text } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { Resource } from '../protocol/redfish-client.js';
import type { RedfishQuirks } from '../quirks/index.js';
import { present, type AdapterFunction } from './adapter-function.js';
import { readBootFacts } from './boot-facts.js';
import { boardSerialOf } from './chassis.js';
import { readAdapterFunctions } from './network-adapters.js';
import { readWatts } from './power-reading.js';
import { readMemoryGiB, readProcessors } from './processor-facts.js';
import { readResetAction } from './reset-types.js';
import { realText } from './serial-policy.js';
import { readDellNeighbours, readEthernetInterfaces, readHpeAdapters } from './system-interfaces.js';

export interface FactSubject {
  readonly system: Resource;
  readonly chassis: readonly Resource[];
  readonly quirks: RedfishQuirks;
  readonly isOnlySystem: boolean;
}

/** Ports from the best source that has any: adapters, the maker's own list, the system's Ethernet interfaces. */
async function readPorts(scope: ReadScope, subject: FactSubject): Promise<readonly AdapterFunction[]> {
  const { system, chassis, quirks } = subject;
  const fromAdapters = await readAdapterFunctions(scope, system, chassis, quirks);
  if (fromAdapters.length > 0) return fromAdapters;
  scope.gap('no network adapters in the chassis: identities cannot be assigned');
  const fromHpe = await readHpeAdapters(scope, system);
  if (fromHpe.length > 0) return fromHpe;
  return readEthernetInterfaces(scope, system);
}

function notePortGaps(scope: ReadScope, ports: readonly AdapterFunction[], hasNeighbours: boolean): void {
  if (ports.length === 0) return scope.gap('no NIC and no HBA is shown');
  const ethernet = ports.filter((port) => port.kind === 'ethernet');
  if (ports.every((port) => port.kind === 'ethernet')) scope.gap('no HBA');
  if (ethernet.some((port) => port.addresses.mac.permanent === undefined)) scope.gap('no permanent MAC address');
  if (!hasNeighbours && ports.every((port) => port.facts.lldp === undefined)) scope.gap('no LLDP neighbour');
}

async function readManager(scope: ReadScope, system: Resource, isOnly: boolean): Promise<Resource | undefined> {
  for (const uri of links(at(system.body, 'Links', 'ManagedBy'))) {
    const manager = await scope.get(uri);
    if (manager) return manager;
  }
  if (!isOnly) return undefined;
  const root = await scope.client.root(scope.call);
  return (await scope.members(link(at(root.body, 'Managers'))))[0];
}

function bmcFacts(manager: Resource | undefined): HardwareFacts['bmc'] {
  if (manager === undefined) return undefined;
  return present({
    model: text(at(manager.body, 'Model')),
    firmware: text(at(manager.body, 'FirmwareVersion')),
    uuid: tryParseUuid(text(at(manager.body, 'UUID')) ?? ''),
  });
}

function serialFacts(scope: ReadScope, { system, chassis }: FactSubject): Partial<HardwareFacts> {
  const serial = realText(at(system.body, 'SerialNumber'));
  const board = boardSerialOf(chassis, system);
  const uuid = tryParseUuid(text(at(system.body, 'UUID')) ?? '');
  if (serial === undefined) scope.gap('no serial number');
  if (board === undefined) scope.gap('no board or chassis serial');
  else if (board.from === 'system') scope.gap('no chassis serial of its own: known by the serial of the system');
  if (uuid === undefined) scope.gap('no UUID');
  return present({ serial, boardSerial: board?.serial, uuid }) as Partial<HardwareFacts>;
}

/** Everything the device tells about one system. Never fails over a missing part: what is not offered is in `gaps`. */
export async function readHardwareFacts(scope: ReadScope, subject: FactSubject): Promise<HardwareFacts> {
  const { system, chassis, quirks } = subject;
  const serials = serialFacts(scope, subject);
  const { architecture, processors } = await readProcessors(scope, system.body);
  const memoryGiB = await readMemoryGiB(scope, system.body);
  const manager = await readManager(scope, system, subject.isOnlySystem);
  const ports = await readPorts(scope, subject);
  const neighbours =
    quirks.identityVia === 'dell-oem'
      ? await readDellNeighbours(scope, manager)
      : new Map<string, NonNullable<AdapterPortFacts['lldp']>>();
  const boot = await readBootFacts(scope, system, ports);
  const reset = await readResetAction(scope, system.body);
  const power = await readWatts(scope, system, chassis);
  if (memoryGiB === undefined) scope.gap('no memory size');
  if (reset === undefined) scope.gap('no reset action');
  else if (reset.allowed === undefined) scope.gap('the reset types are not listed');
  if (power === undefined) scope.gap('no power reading');
  if (at(system.body, 'PowerRestorePolicy') === undefined) {
    scope.gap(
      `no PowerRestorePolicy${quirks.powerRestoreBios ? ` (BIOS attribute ${quirks.powerRestoreBios.attribute} stands in)` : ''}`,
    );
  }
  notePortGaps(
    scope,
    ports,
    ports.some(({ name }) => neighbours.has(name)),
  );
  return {
    ...present({
      vendor: text(at(system.body, 'Manufacturer')),
      model: text(at(system.body, 'Model')),
      ...serials,
      sku: realText(at(system.body, 'SKU')),
      assetTag: realText(at(system.body, 'AssetTag')),
      architecture,
      processors,
      memoryGiB,
      biosVersion: text(at(system.body, 'BiosVersion')),
      bmc: bmcFacts(manager),
      powerWatts: power?.watts,
    }),
    ports: ports.map(({ name, facts }) => {
      const lldp = facts.lldp ?? neighbours.get(name);
      return { ...facts, ...(lldp && { lldp }) };
    }),
    boot,
    resetTypes: reset?.allowed ?? [],
    gaps: [...scope.gaps].sort((left, right) => left.localeCompare(right, 'en')),
  };
}
