/**
 * A real rack on one machine: two QEMU servers that boot by their own firmware (iPXE) from an iSCSI LUN, each behind its
 * own IPMI BMC, an Open vSwitch between them, a tgt array, and somebody on each VLAN who looks. Nothing of it is ours but
 * the way it is put together. All links live in namespaces of this rack; two racks do not meet.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemRandom } from '@rackwright/kernel';
import { BootRelay } from './boot-relay.js';
import { IscsiArray } from './iscsi-array.js';
import { lunImage, REALRACK_CACHE } from './lun-image.js';
import { Machine, type MachineFacts } from './machine.js';
import { addNamespace, addStation } from './network.js';
import { OpenVSwitch } from './open-vswitch.js';
import { processesOf, removeLeftovers, removeRack, startOf, type RackRecord } from './teardown.mjs';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const RECORDS = join(PROJECT, '.rackwright', 'realrack-runs');
/** Logs and consoles of the last rack, for whoever has to find out. */
const LOGS = join(PROJECT, '.rackwright', 'realrack-logs');

/** VLANs of the rack: ports come in `delivery`, closed ones rest in `parking`, `web` and `other` are tenants' networks. */
export const VLANS = { delivery: 1, web: 10, other: 20, storage: 50, parking: 999 } as const;
/** The one LUN, and where the system on it answers. */
export const LUN = {
  target: 'iqn.2026-01.test.realrack:array1.lun-web',
  volumePrefix: 'iqn.2026-01.test.realrack:array1.',
  volume: 'lun-web',
  number: 1,
  portal: '10.60.0.1:3260',
} as const;
export const WEB_ADDRESS = '10.77.0.51';

export const MACHINES: readonly [MachineFacts, MachineFacts] = [
  {
    name: 'a',
    boardSerial: 'RWQ-A-0001',
    uuid: 'aaaaaaaa-0000-4000-8000-000000000001',
    macs: ['52:54:00:aa:00:00', '52:54:00:aa:00:01'],
    ownIqn: 'iqn.2026-01.test.realrack:hardware-a',
    ownStorageAddress: '10.60.0.91',
  },
  {
    name: 'b',
    boardSerial: 'RWQ-B-0002',
    uuid: 'bbbbbbbb-0000-4000-8000-000000000002',
    macs: ['52:54:00:bb:00:00', '52:54:00:bb:00:01'],
    ownIqn: 'iqn.2026-01.test.realrack:hardware-b',
    ownStorageAddress: '10.60.0.92',
  },
];

export interface Rack {
  readonly folder: string;
  readonly a: Machine;
  readonly b: Machine;
  readonly array: IscsiArray;
  readonly ovs: OpenVSwitch;
  readonly bootRelay: BootRelay;
  /** Namespaces of those who look, each plugged into one VLAN. */
  readonly probes: { readonly web: string; readonly other: string; readonly storage: string };
  /** Ends everything; answers the processes that were still there after it (none, or something is wrong). Repeat-safe. */
  stop(): Promise<readonly number[]>;
}

/** Builds a rack as it is delivered: servers off, their ports in the delivery VLAN, the LUN masked from everybody. */
export async function startRack(): Promise<Rack> {
  await removeLeftovers(RECORDS);
  const { record, recordFile, name } = registerRun();
  const { folder } = record;
  const guard = guardAgainstDeath(recordFile);
  const bootRelay = new BootRelay();
  const stop = async (): Promise<readonly number[]> => {
    await bootRelay.close();
    keepLogs(folder, LOGS);
    await removeRack(record);
    guard.stdin?.end();
    return processesOf(folder);
  };
  try {
    const env = { RACKWRIGHT_RACK: folder };
    const image = join(folder, 'lun-web.img');
    copyFileSync(await lunImage({ cacheFolder: REALRACK_CACHE, address: `${WEB_ADDRESS}/24` }), image);
    await addNamespace(name('switch'));
    const ovs = await OpenVSwitch.start(folder, name('switch'), env);
    const probes = { web: name('web'), other: name('other'), storage: name('storage') };
    await plugStations(ovs, name, probes);
    const { portal, target } = LUN;
    const array = await IscsiArray.start({ folder, namespace: name('array'), env, portal, target, image });
    const bootPort = await bootRelay.listen();
    const site = { folder, switchNamespace: name('switch'), env, bootPort, portalAddress: '10.60.0.1', target };
    const [a, b] = await Promise.all([Machine.build(MACHINES[0], site), Machine.build(MACHINES[1], site)]);
    for (const port of [...a.ports, ...b.ports]) await ovs.plug(port, VLANS.delivery);
    return { folder, a, b, array, ovs, bootRelay, probes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function keepLogs(folder: string, logs: string): void {
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  for (const part of ['.', 'a', 'b']) {
    for (const name of existsSync(join(folder, part)) ? readdirSync(join(folder, part)) : []) {
      if (!/\.log$|^console-\d+$/.test(name)) continue;
      copyFileSync(join(folder, part, name), join(logs, part === '.' ? name : `${part}-${name}`));
    }
  }
}

interface Run {
  readonly record: RackRecord;
  readonly recordFile: string;
  readonly name: (what: string) => string;
}

/** Writes down what this run is going to leave behind if it dies, before it makes any of it. */
function registerRun(): Run {
  const tag = Buffer.from(new SystemRandom().bytes(2)).toString('hex');
  const name = (what: string): string => `rw${tag}-${what}`;
  // The product's database runs as another user, who could not enter a private TMPDIR.
  const folder = mkdtempSync(`/tmp/rw-rack-${tag}-`);
  chmodSync(folder, 0o755);
  const namespaces = ['switch', 'array', 'web', 'other', 'storage'].map(name);
  const record = { folder, ownerPid: process.pid, ownerStart: startOf(process.pid) ?? '', namespaces };
  mkdirSync(RECORDS, { recursive: true });
  const recordFile = join(RECORDS, `${tag}.json`);
  writeFileSync(recordFile, JSON.stringify(record));
  return { record, recordFile, name };
}

/** A process that outlives this one by a moment and takes the rack away: nothing else survives SIGINT and SIGKILL. */
function guardAgainstDeath(recordFile: string): ChildProcess {
  const program = fileURLToPath(new URL('teardown.mjs', import.meta.url));
  const guard = spawn(process.execPath, [program, recordFile], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
}

async function plugStations(ovs: OpenVSwitch, name: (what: string) => string, probes: Rack['probes']): Promise<void> {
  const stations = [
    { namespace: name('array'), port: 'array', address: '10.60.0.1/24', vlan: VLANS.storage },
    { namespace: probes.web, port: 'probe-web', address: '10.77.0.1/24', vlan: VLANS.web },
    { namespace: probes.other, port: 'probe-other', address: '10.77.0.3/24', vlan: VLANS.other },
    { namespace: probes.storage, port: 'probe-storage', address: '10.60.0.200/24', vlan: VLANS.storage },
  ];
  for (const { vlan, ...station } of stations) {
    await addStation(name('switch'), station);
    await ovs.plug(station.port, vlan);
  }
}
