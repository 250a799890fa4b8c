import { run } from './commands.js';

/** A place on the network that is not a server: an array, or somebody who looks. */
export interface Station {
  readonly namespace: string;
  /** Name of its port on the switch. */
  readonly port: string;
  readonly address: string;
}

export function inNamespace(namespace: string, argv: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespace, ...argv];
}

export async function addNamespace(name: string): Promise<void> {
  await run(['ip', 'netns', 'add', name]);
  await run(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
}

/** A namespace with one cable to the switch. */
export async function addStation(switchNamespace: string, station: Station): Promise<void> {
  const { namespace, port, address } = station;
  await addNamespace(namespace);
  await run([
    'ip',
    '-n',
    switchNamespace,
    'link',
    'add',
    port,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    namespace,
  ]);
  await run(['ip', '-n', switchNamespace, 'link', 'set', port, 'up']);
  await run(['ip', '-n', namespace, 'addr', 'add', address, 'dev', 'eth0']);
  await run(['ip', '-n', namespace, 'link', 'set', 'eth0', 'up']);
  // The userspace data path does not finish checksums that a veth leaves to the hardware: TCP would be dropped in silence.
  await run(inNamespace(namespace, ['ethtool', '-K', 'eth0', 'tx', 'off']));
}

/** A cable for a virtual machine; QEMU opens it by name. */
export async function addTap(switchNamespace: string, name: string): Promise<void> {
  await run(['ip', '-n', switchNamespace, 'tuntap', 'add', name, 'mode', 'tap']);
  await run(['ip', '-n', switchNamespace, 'link', 'set', name, 'up']);
}
