import { makeDocument, type RackDocument } from '@rackwright/documents';
import { parseIqn } from '@rackwright/kernel';
import { PRODUCT_ACCOUNT } from './rack/bmc.js';
import type { MachineFacts } from './rack/machine.js';
import { LUN, VLANS, WEB_ADDRESS } from './rack/rack.js';

/** Name of the profile that is moved. */
export const PROFILE = 'web';
const NO_TLS = { kind: 'none' } as const;

interface DescribedMachine {
  readonly facts: MachineFacts;
  readonly bmc: { readonly port: number };
  readonly ports: readonly [string, string];
}

/** What has to be known of a rack to describe it. */
export interface DescribedRack {
  readonly a: DescribedMachine;
  readonly b: DescribedMachine;
  readonly ovs: { readonly tcpPort: number };
  readonly array: { readonly ipcSocket: string; readonly controlPort: number };
}

/** The rack as somebody describes it to Rackwright: what `rackwright apply -f` is given. */
export function documentsOf(rack: DescribedRack): readonly RackDocument[] {
  const { ipcSocket, controlPort } = rack.array;
  return [
    makeDocument('Network', 'web', { vlan: VLANS.web, subnet: '10.77.0.0/24', description: '' }),
    makeDocument('Network', 'storage', { vlan: VLANS.storage, subnet: '10.60.0.0/24', description: '' }),
    makeDocument('MacPool', 'macs', { prefix: '02:fd:00' }),
    makeDocument('IqnPool', 'iqns', { prefix: parseIqn('iqn.2026-01.test.realrack') }),
    makeDocument('Switch', 'ovs', {
      driver: 'ovsdb',
      address: `tcp:127.0.0.1:${rack.ovs.tcpPort}`,
      trust: NO_TLS,
      parkingVlan: VLANS.parking,
    }),
    makeDocument('Array', 'tgt', {
      driver: 'tgt',
      address: LUN.portal,
      trust: NO_TLS,
      options: { ipcSocket, controlPort: String(controlPort), volumePrefix: LUN.volumePrefix },
    }),
    makeDocument('Volume', 'web-root', { array: 'tgt', arrayVolume: LUN.volume, shared: false }),
    ...[rack.a, rack.b].flatMap(machineDocuments),
    makeDocument('ServerProfile', PROFILE, {
      description: 'moved between two servers',
      qualification: { architecture: 'x86-64' },
      vnics: [
        { name: 'data', native: 'web', tagged: [], address: WEB_ADDRESS },
        { name: 'storage', native: 'storage', tagged: [], address: '10.60.0.50' },
      ],
      vhbas: [],
      iscsi: { vnic: 'storage', address: '10.60.0.50' },
      volumes: [{ volume: 'web-root', lun: LUN.number, boot: true }],
    }),
  ];
}

function machineDocuments({ facts, bmc, ports }: DescribedMachine): RackDocument[] {
  const [data, storage] = ports;
  return [
    makeDocument('Server', facts.name, {
      boardSerial: facts.boardSerial,
      bmc: `bmc-${facts.name}`,
      powerFeeds: [],
      // IPMI does not tell.
      architecture: 'x86-64',
      cabling: [
        { port: 'NIC.1', device: 'ovs', devicePort: data },
        { port: 'NIC.2', device: 'ovs', devicePort: storage },
      ],
    }),
    makeDocument('Bmc', `bmc-${facts.name}`, {
      driver: 'ipmi+ipxe',
      address: `127.0.0.1:${bmc.port}`,
      trust: NO_TLS,
      credential: PRODUCT_ACCOUNT,
      options: { cipherSuite: '3', ports: `NIC.1=net0=${facts.macs[0]},NIC.2=net1=${facts.macs[1]}` },
    }),
  ];
}
