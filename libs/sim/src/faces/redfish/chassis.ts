import { cableFrom } from '../../world/index.js';
import type { AdapterPortState } from '../../world/index.js';
import type { Bmc } from './bmc.js';
import { collection, link, type RedfishBody } from './redfish-answer.js';

/** The chassis of this server (its node, not the enclosure): the one place every vendor shows a hardware serial. */
export function chassisView(bmc: Bmc): RedfishBody {
  const { server, model } = bmc;
  return {
    '@odata.id': bmc.chassisPath,
    '@odata.type': '#Chassis.v1_23_0.Chassis',
    Id: bmc.ids.chassis,
    Name: 'Computer System Chassis',
    ChassisType: server.enclosure === undefined ? 'RackMount' : 'Blade',
    Manufacturer: model.manufacturer,
    Model: model.model,
    SerialNumber: server.serials.board,
    SKU: server.serials.system,
    PartNumber: '0KV3K2A01',
    PowerState: server.phase === 'off' ? 'Off' : 'On',
    Status: { State: 'Enabled', Health: 'OK' },
    Location: { Placement: { Rack: server.rack, ...(server.slot === undefined ? {} : { RackOffset: server.slot }) } },
    NetworkAdapters: link(`${bmc.chassisPath}/NetworkAdapters`),
    Power: link(`${bmc.chassisPath}/Power`),
    EnvironmentMetrics: link(`${bmc.chassisPath}/EnvironmentMetrics`),
    Links: { ComputerSystems: [link(bmc.systemPath)], ManagedBy: [link(bmc.managerPath)] },
  };
}

/** Watts, noisy; null while the system is off, as BMCs without a standby meter show. */
function watts(bmc: Bmc): number | null {
  const { server, model, world } = bmc;
  if (server.phase === 'off') return null;
  const base = server.phase === 'os-running' ? model.watts.busy : model.watts.idle;
  // Noise from time, not from the world's random source: a reading must not change what happens next.
  const wave = Math.sin(world.timeMs / 7_000) + Math.sin(world.timeMs / 1_300);
  return Math.round(base * (0.85 + 0.05 * wave));
}

export function environmentView(bmc: Bmc): RedfishBody {
  const path = `${bmc.chassisPath}/EnvironmentMetrics`;
  const PowerWatts = { Reading: watts(bmc) };
  return {
    '@odata.id': path,
    '@odata.type': '#EnvironmentMetrics.v1_3_0.EnvironmentMetrics',
    Id: 'EnvironmentMetrics',
    Name: 'Environment Metrics',
    PowerWatts,
  };
}

export function powerView(bmc: Bmc): RedfishBody {
  const path = `${bmc.chassisPath}/Power`;
  const PowerControl = [
    {
      '@odata.id': `${path}#/PowerControl/0`,
      MemberId: '0',
      Name: 'System Power Control',
      PowerConsumedWatts: watts(bmc),
      PowerCapacityWatts: 1400,
      PowerLimit: { LimitInWatts: null, LimitException: 'NoAction' },
    },
  ];
  return { '@odata.id': path, '@odata.type': '#Power.v1_6_0.Power', Id: 'Power', Name: 'Power', PowerControl };
}

export function adapterView(bmc: Bmc, adapter?: string): RedfishBody | undefined {
  const adapters = bmc.adapters();
  if (adapter === undefined)
    return collection(`${bmc.chassisPath}/NetworkAdapters`, 'NetworkAdapter', [...adapters.keys()]);
  const ports = adapters.get(adapter);
  if (!ports) return undefined;
  const path = bmc.adapterPath(adapter);
  return {
    '@odata.id': path,
    '@odata.type': '#NetworkAdapter.v1_9_0.NetworkAdapter',
    Id: adapter,
    Name: adapter,
    Manufacturer: ports[0]?.kind === 'fibre-channel' ? 'QLogic' : 'Broadcom',
    Model: ports[0]?.adapterModel,
    Status: { State: 'Enabled', Health: 'OK' },
    NetworkDeviceFunctions: link(`${path}/NetworkDeviceFunctions`),
    Ports: link(`${path}/Ports`),
  };
}

export function adapterPortView(bmc: Bmc, adapter: string, id?: string): RedfishBody | undefined {
  const ports = bmc.adapters().get(adapter);
  if (!ports) return undefined;
  const path = `${bmc.adapterPath(adapter)}/Ports`;
  if (id === undefined)
    return collection(
      path,
      'Port',
      ports.map((port) => port.name),
    );
  const port = ports.find((each) => each.name === id);
  if (!port) return undefined;
  const up = linkUp(bmc, port);
  const base = {
    '@odata.id': `${path}/${id}`,
    '@odata.type': '#Port.v1_9_0.Port',
    Id: id,
    Name: id,
    PortId: id,
    LinkStatus: up ? 'LinkUp' : 'LinkDown',
    CurrentSpeedGbps: up ? port.speedMbps / 1000 : null,
    Status: { State: 'Enabled', Health: 'OK' },
  };
  if (port.kind === 'ethernet') {
    const Ethernet = { AssociatedMACAddresses: [port.current.mac], ...lldp(bmc, port, up) };
    return { ...base, PortProtocol: 'Ethernet', LinkNetworkTechnology: 'Ethernet', Ethernet };
  }
  const FibreChannel = { AssociatedWorldWideNames: [port.current.wwpn], PortConnectionType: 'NPort' };
  return { ...base, PortProtocol: 'FC', LinkNetworkTechnology: 'FibreChannel', FibreChannel };
}

function linkUp(bmc: Bmc, port: AdapterPortState): boolean {
  const cable = cableFrom(bmc.world.state, bmc.server.name, port.name);
  if (bmc.server.phase === 'off' || !cable || cable.broken) return false;
  if (cable.to.kind === 'switch') return bmc.world.network.linkUp(cable.to.device, cable.to.port);
  return bmc.world.io.portUp(bmc.server, port);
}

/** The neighbour is known once POST has run and a frame came in. */
function lldp(bmc: Bmc, port: AdapterPortState, up: boolean): RedfishBody {
  const cable = cableFrom(bmc.world.state, bmc.server.name, port.name);
  const neighbour = cable && bmc.world.state.switches[cable.to.device];
  if (!up || !neighbour || !bmc.server.inventoried || bmc.server.phase === 'powering-on') return {};
  const PortId = (Buffer.from(cable.to.port).toString('hex').match(/../g) ?? []).join(':');
  const LLDPReceive = {
    ChassisId: neighbour.chassisId,
    ChassisIdSubtype: 'MacAddr',
    PortId,
    PortIdSubtype: 'IfName',
    SystemName: neighbour.name,
  };
  return { LLDPEnabled: true, LLDPReceive };
}

export function managerView(bmc: Bmc): RedfishBody {
  const { model, managerPath } = bmc;
  return {
    '@odata.id': managerPath,
    '@odata.type': '#Manager.v1_18_0.Manager',
    Id: bmc.ids.manager,
    Name: 'Manager',
    ManagerType: 'BMC',
    Model: model.bmc.model,
    FirmwareVersion: model.bmc.firmware,
    UUID: bmc.server.permanentUuid.replace(/^.{8}/, 'b3c0ffee'),
    DateTime: bmc.isoTime(bmc.world.timeMs),
    Status: { State: 'Enabled', Health: 'OK' },
    Links: {
      ManagerForServers: [link(bmc.systemPath)],
      ManagerForChassis: [link(bmc.chassisPath)],
      ...(bmc.flavour === 'dell'
        ? {
            Oem: {
              Dell: {
                DellAttributes: [link(`${managerPath}/Oem/Dell/DellAttributes/${bmc.ids.manager}`)],
                Jobs: link(`${managerPath}/Oem/Dell/Jobs`),
              },
            },
          }
        : {}),
    },
  };
}
