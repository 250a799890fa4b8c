import type { ArrayBackend, ArrayHostRow } from './array-backend.js';
import type { Row } from './collection-query.js';

const APPLIANCE = 'A1';

/** The collections that can be read, each as the rows the API shows. */
export const COLLECTIONS: Readonly<Record<string, (backend: ArrayBackend) => readonly Row[]>> = {
  cluster: (backend) => {
    const { name, serial } = backend.info();
    return [{ id: '0', global_id: `PS${serial}`, name, state: 'Configured', primary_appliance_id: APPLIANCE }];
  },
  appliance: (backend) => {
    const { name, serial } = backend.info();
    return [{ id: APPLIANCE, name: `${name}-appliance-1`, service_tag: serial, model: 'PowerStore 500T' }];
  },
  software_installed: () => [{ id: 'S1', is_cluster: true, release_version: '3.5.0.0', build_version: '3.5.0.0' }],
  volume: volumeRows,
  host: (backend) => backend.hosts().map((host) => hostRow(backend, host)),
  host_volume_mapping: mappingRows,
  initiator: initiatorRows,
  discovered_initiator: discoveredRows,
  fc_port: (backend) =>
    targetsOf(backend, 'FC').map((target, index) => ({
      id: target.id,
      name: target.id,
      appliance_id: APPLIANCE,
      node_id: `N${(index % 2) + 1}`,
      wwn: target.name,
      wwn_node: target.wwnn ?? target.name,
      is_link_up: target.linkUp,
      current_speed: target.linkUp ? '32_Gbps' : null,
      port_index: index,
    })),
  ip_port: (backend) =>
    targetsOf(backend, 'iSCSI').map((target) => ({
      id: target.id,
      target_iqn: target.name,
      current_usages: ['Storage_Iscsi_Target'],
    })),
  ip_pool_address: (backend) =>
    targetsOf(backend, 'iSCSI').map((target, index) => ({
      id: `IP_${target.id}`,
      name: target.portal ?? '',
      address: (target.portal ?? '').replace(/:\d+$/, ''),
      appliance_id: APPLIANCE,
      node_id: `N${(index % 2) + 1}`,
      network_id: 'NW1',
      ip_port_id: target.id,
      ip_port: { id: target.id, target_iqn: target.name },
      purposes: ['Storage_Iscsi_Target'],
    })),
};

function targetsOf(backend: ArrayBackend, portType: 'FC' | 'iSCSI'): ReturnType<ArrayBackend['targets']> {
  return backend.targets().filter((target) => target.portType === portType);
}

function volumeRows(backend: ArrayBackend): readonly Row[] {
  const mappings = mappingRows(backend);
  return backend.volumes().map((volume) => ({
    id: volume.id,
    name: volume.name,
    description: '',
    size: volume.sizeBytes,
    wwn: volume.wwn,
    state: 'Ready',
    type: 'Primary',
    appliance_id: APPLIANCE,
    mapped_volumes: mappings.filter((mapping) => mapping['volume_id'] === volume.id),
  }));
}

function mappingRows(backend: ArrayBackend): readonly Row[] {
  const volumes = new Map(backend.volumes().map((volume) => [volume.id, volume]));
  return backend.hosts().flatMap((host) =>
    host.mappings.map(({ volumeId, lun }) => ({
      id: `${host.id}-${volumeId}`,
      host_id: host.id,
      host_group_id: null,
      volume_id: volumeId,
      logical_unit_number: lun,
      host: { id: host.id, name: host.name },
      volume: { id: volumeId, name: volumes.get(volumeId)?.name ?? '', appliance_id: APPLIANCE },
    })),
  );
}

function hostRow(backend: ArrayBackend, host: ArrayHostRow): Row {
  return {
    id: host.id,
    name: host.name,
    description: '',
    os_type: host.osType,
    type: 'External',
    host_group_id: null,
    host_connectivity: 'Local_Only',
    host_initiators: host.initiators.map(({ portName, portType }) => ({
      port_name: portName,
      port_type: portType,
      chap_single_username: null,
      chap_mutual_username: null,
      active_sessions: activeSessions(backend, portName),
    })),
    mapped_hosts: host.mappings.map(({ volumeId }) => ({
      id: `${host.id}-${volumeId}`,
      host_id: host.id,
      volume_id: volumeId,
    })),
  };
}

/** Logins of one initiator: proof that somebody holds the name, whether or not anything is mapped. */
function activeSessions(backend: ArrayBackend, portName: string): readonly Row[] {
  const targets = new Map(backend.targets().map((target) => [target.id, target]));
  return backend
    .sessions()
    .filter((session) => session.initiator.portName === portName)
    .map((session) => {
      const target = targets.get(session.targetId);
      const fibre = target?.portType === 'FC';
      return {
        appliance_id: APPLIANCE,
        node_id: 'N1',
        port_name: target?.name ?? session.targetId,
        fc_port_id: fibre ? session.targetId : null,
        eth_port_id: fibre ? null : session.targetId,
        bond_id: null,
        veth_id: null,
      };
    });
}

function initiatorRows(backend: ArrayBackend): readonly Row[] {
  return backend.hosts().flatMap((host) =>
    host.initiators.map(({ portName, portType }) => ({
      id: `${host.id}-${portName}`,
      host_id: host.id,
      port_name: portName,
      port_type: portType,
      active_sessions: activeSessions(backend, portName),
    })),
  );
}

/** Initiators that are logged in although no host object holds them: where a session goes when its host is deleted. */
function discoveredRows(backend: ArrayBackend): readonly Row[] {
  const held = new Set(backend.hosts().flatMap((host) => host.initiators.map(({ portName }) => portName)));
  const loose = new Map(
    backend
      .sessions()
      .filter((session) => !held.has(session.initiator.portName))
      .map((session) => [session.initiator.portName, session.initiator]),
  );
  return [...loose.values()].map(({ portName, portType }) => ({
    id: portName,
    name: portName,
    protocol_type: portType,
    active_sessions: activeSessions(backend, portName),
  }));
}
