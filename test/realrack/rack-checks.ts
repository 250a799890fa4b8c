/**
 * What is true on the rack, asked by tools that are not ours: ping, curl and the neighbour table from namespaces, libiscsi,
 * debugfs on the LUN, ipmitool and the fence agent under another account, ovs-vsctl, ovs-appctl, tgtadm.
 */
import type { ProfileIdentity } from './rack-controller.js';
import { attempt } from './rack/commands.js';
import { canOpenLun, listTargets } from './rack/iscsi-array.js';
import { readLunFile } from './rack/lun-image.js';
import type { Machine } from './rack/machine.js';
import { inNamespace } from './rack/network.js';
import { LUN, VLANS, WEB_ADDRESS, type Rack } from './rack/rack.js';

export interface Check {
  readonly name: string;
  /** The tool that answered. */
  readonly by: string;
  readonly ok: boolean;
  readonly seen: string;
}

const LUN_URL = `iscsi://${LUN.portal}/${LUN.target}/${LUN.number}`;
const STRANGER = 'iqn.2026-01.test.realrack:stranger';

export const failed = (checks: readonly Check[]): string[] => checks.filter(({ ok }) => !ok).map(({ name }) => name);

/** Everything that holds while the profile runs on `machine` after `boots` boots of its disk. */
export async function checkRunning(
  rack: Rack,
  machine: Machine,
  expected: { readonly identity: ProfileIdentity; readonly boots: number },
): Promise<readonly Check[]> {
  const { identity, boots } = expected;
  const { uuid, boardSerial } = machine.facts;
  const system = `boots=${boots} mac=${identity.mac} uuid=${uuid} iqn=${identity.iqn} serial=${boardSerial}`;
  return inOrder([
    check(
      'power is on',
      'fence_ipmilan',
      () => machine.bmc.fenceStatus(),
      (seen) => seen === 'on',
    ),
    check(
      'its MAC is on the wire',
      'ip neigh',
      () => neighbour(rack),
      (seen) => seen === identity.mac,
    ),
    check(
      'answers on its own VLAN',
      'curl',
      () => curlFrom(rack.probes.web),
      (seen) => seen === system,
    ),
    check(
      'cannot be reached from another VLAN',
      'ping, curl',
      () => reachFrom(rack.probes.other),
      (seen) => seen === 'no',
    ),
    check(
      'its MAC comes from its port',
      'ovs-appctl fdb/show',
      async () => (await rack.ovs.whereIs(identity.mac)) ?? 'nowhere',
      (seen) => seen === `${machine.ports[0]}/${VLANS.web}`,
    ),
    check(
      'is logged in to the LUN',
      'tgtadm',
      async () => (await rack.array.show()).sessions.join(' '),
      (seen) => seen.split(' ').includes(identity.iqn),
    ),
    ...maskChecks(rack, identity.iqn),
    check(
      'the disk counted the boot',
      'debugfs',
      () => lastBoot(rack),
      (seen) => seen === historyLine(machine, expected),
    ),
  ]);
}

/** The LUN answers this initiator name and nobody else. */
export function checkMask(rack: Rack, iqn: string): Promise<readonly Check[]> {
  return inOrder(maskChecks(rack, iqn));
}

function maskChecks(rack: Rack, iqn: string): (() => Promise<Check>)[] {
  const open = async (name: string): Promise<string> =>
    (await canOpenLun(rack.probes.storage, name, LUN_URL)) ? 'opens' : 'refused';
  return [
    check(
      'its own name opens the LUN',
      'iscsi-inq',
      () => open(iqn),
      (seen) => seen === 'opens',
    ),
    check(
      'another name does not open the LUN',
      'iscsi-inq',
      () => open(STRANGER),
      (seen) => seen === 'refused',
    ),
    check(
      'another name is not shown the LUN',
      'iscsi-ls',
      () => listTargets(rack.probes.storage, STRANGER, LUN.portal),
      (seen) => !seen.includes(LUN.target),
    ),
    check(
      'the mask holds its name only',
      'tgtadm',
      async () => (await rack.array.show()).admitted.join(' '),
      (seen) => seen === iqn,
    ),
  ];
}

/** A server is off: told by two tools under another account than the product's. */
export function checkOff(_rack: Rack, machine: Machine): Promise<readonly Check[]> {
  return inOrder(offChecks(machine));
}

/** A server that has lost the profile: off, every port closed. */
export function checkCut(rack: Rack, machine: Machine): Promise<readonly Check[]> {
  const closed = `${VLANS.parking} true access`;
  const ports = machine.ports.map((port) =>
    check(
      `${port} is closed`,
      'ovs-vsctl',
      () => portState(rack, port),
      (seen) => seen === closed,
    ),
  );
  return inOrder([...offChecks(machine), ...ports]);
}

function offChecks(machine: Machine): (() => Promise<Check>)[] {
  return [
    check(
      'power is off',
      'fence_ipmilan',
      () => machine.bmc.fenceStatus(),
      (seen) => seen === 'off',
    ),
    check(
      'power is off',
      'ipmitool',
      () => machine.bmc.ipmitool(['chassis', 'power', 'status']),
      (seen) => seen === 'Chassis Power is off',
    ),
  ];
}

/** Boots as the disk itself recorded them, oldest first. */
export async function bootHistory(rack: Rack): Promise<readonly string[]> {
  const text = await readLunFile(rack.array.image, '/history', rack.folder);
  return text.split('\n').filter((line) => line !== '');
}

export function historyLine(
  machine: Machine,
  expected: { readonly identity: ProfileIdentity; readonly boots: number },
): string {
  const { uuid, boardSerial } = machine.facts;
  const { mac, iqn } = expected.identity;
  return `boot=${expected.boots} uuid=${uuid} serial=${boardSerial} mac=${mac} iqn=${iqn}`;
}

/** Uptime that the running system last wrote to its disk, in seconds. */
export async function lastSignOfLife(rack: Rack): Promise<number> {
  return Number(await readLunFile(rack.array.image, '/alive', rack.folder));
}

async function lastBoot(rack: Rack): Promise<string> {
  return (await bootHistory(rack)).at(-1) ?? 'never booted';
}

async function portState(rack: Rack, port: string): Promise<string> {
  const columns = ['tag', 'protected', 'vlan_mode'];
  return (await rack.ovs.vsctl('get', 'port', port, ...columns)).split('\n').join(' ');
}

async function curlFrom(namespace: string): Promise<string> {
  const { stdout } = await attempt(inNamespace(namespace, ['curl', '-s', '-m', '3', `http://${WEB_ADDRESS}/`]));
  return stdout.trim();
}

async function reachFrom(namespace: string): Promise<string> {
  const ping = await attempt(inNamespace(namespace, ['ping', '-c', '1', '-W', '1', WEB_ADDRESS]));
  return ping.code === 0 || (await curlFrom(namespace)) !== '' ? 'reached' : 'no';
}

async function neighbour(rack: Rack): Promise<string> {
  await attempt(['ip', '-n', rack.probes.web, 'neigh', 'flush', 'all']);
  await attempt(inNamespace(rack.probes.web, ['ping', '-c', '1', '-W', '2', WEB_ADDRESS]));
  const { stdout } = await attempt(['ip', '-n', rack.probes.web, 'neigh', 'show', WEB_ADDRESS]);
  return /lladdr (\S+)/.exec(stdout)?.[1] ?? 'nobody answers';
}

function check(
  name: string,
  by: string,
  ask: () => Promise<string>,
  judge: (seen: string) => boolean,
): () => Promise<Check> {
  return async () => {
    const seen = await ask();
    return { name, by, ok: judge(seen), seen };
  };
}

/** One after the other: a probe that flushes or logs in must not disturb another one's answer. */
async function inOrder(checks: readonly (() => Promise<Check>)[]): Promise<readonly Check[]> {
  const done: Check[] = [];
  for (const run of checks) done.push(await run());
  return done;
}
