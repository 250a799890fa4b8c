import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import { Bmc } from './bmc.js';
import { addTap } from './network.js';

const BOOTSTRAP = fileURLToPath(new URL('../machine/bootstrap.ipxe', import.meta.url));

/** A server as it comes from the factory. */
export interface MachineFacts {
  readonly name: string;
  readonly boardSerial: string;
  readonly uuid: string;
  /** Burnt-in MACs by port: `net0` carries data, `net1` storage. */
  readonly macs: readonly [string, string];
  readonly ownIqn: string;
  readonly ownStorageAddress: string;
}

/** What all machines of a rack are plugged into. */
export interface MachineSite {
  readonly folder: string;
  readonly switchNamespace: string;
  readonly env: Readonly<Record<string, string>>;
  readonly bootPort: number;
  readonly portalAddress: string;
  readonly target: string;
}

/** One QEMU server behind its own BMC. Only the BMC switches it on and off. */
export class Machine {
  private constructor(
    readonly facts: MachineFacts,
    readonly bmc: Bmc,
    readonly folder: string,
  ) {}

  static async build(facts: MachineFacts, site: MachineSite): Promise<Machine> {
    const folder = join(site.folder, facts.name);
    mkdirSync(folder);
    for (const port of portsOf(facts.name)) await addTap(site.switchNamespace, port);
    writeFileSync(join(folder, 'bootstrap.ipxe'), bootstrap(facts, site));
    writeFileSync(join(folder, 'machine.sh'), machineScript(folder, facts, site));
    const { boardSerial, uuid } = facts;
    return new Machine(facts, await Bmc.start({ folder, boardSerial, uuid, env: site.env }), folder);
  }

  /** Switch ports this server is cabled to: data, storage. */
  get ports(): readonly [string, string] {
    return portsOf(this.facts.name);
  }

  /** How often it was switched on. */
  get starts(): number {
    const file = join(this.folder, 'starts');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  }

  /** The serial console since the last power-on. */
  console(start = this.starts): string {
    const file = join(this.folder, `console-${start}`);
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  /** Waits for a text on the console of the present boot and answers its line. Throws `realrack.console-silent`. */
  async consoleSays(pattern: RegExp, withinMs = 60_000): Promise<string> {
    const line = (): string | undefined =>
      this.console()
        .split(/[\r\n]+/)
        .find((text) => pattern.test(text));
    try {
      return await waitFor(line, { withinMs, everyMs: 100 });
    } catch (error) {
      const text = `${this.facts.name} did not say ${String(pattern)}; its console ends with:\n${this.console().slice(-800)}`;
      throw new AppError('realrack.console-silent', text, { cause: error });
    }
  }
}

export function portsOf(machine: string): readonly [string, string] {
  return [`${machine}-data`, `${machine}-storage`];
}

function bootstrap(facts: MachineFacts, site: MachineSite): string {
  const values: Readonly<Record<string, string>> = {
    OWN_IQN: facts.ownIqn,
    OWN_STORAGE_IP: facts.ownStorageAddress,
    PORTAL_IP: site.portalAddress,
    TARGET: site.target,
  };
  return readFileSync(BOOTSTRAP, 'utf8').replace(/@(\w+)@/g, (_match, name: string) => values[name] ?? '');
}

/** Started by chassis-control.sh with the console file as argument. */
function machineScript(folder: string, facts: MachineFacts, site: MachineSite): string {
  const nic = (index: number, netdev: string, mac: string): string =>
    `-netdev ${netdev},id=n${index} -device virtio-net-pci,netdev=n${index},mac=${mac},romfile=`;
  // Without vnet headers: the userspace data path does not finish checksums that a tap leaves to the hardware.
  const tap = (name: string): string => `tap,ifname=${name},script=no,downscript=no,vhost=off,vnet_hdr=off`;
  // The management network: whatever the server sends to 10.0.2.100:80 reaches the boot scripts, all else nothing.
  const relay = `nsenter --net=/proc/${process.pid}/ns/net busybox nc 127.0.0.1 ${site.bootPort}`;
  const management = `user,restrict=on,guestfwd=tcp:10.0.2.100:80-cmd:${relay}`;
  const argv = [
    // Never KVM, even where it exists: nested and paravirtual ones start and then hang.
    `qemu-system-x86_64 -name ${facts.name} -accel tcg -machine pc,graphics=off -m 160 -nodefaults -display none`,
    `-uuid ${facts.uuid} -smbios type=1,serial=${facts.boardSerial} -smbios type=2,serial=${facts.boardSerial}`,
    `-serial file:"$1" -kernel /usr/lib/ipxe/ipxe.lkrn -initrd ${join(folder, 'bootstrap.ipxe')}`,
    nic(0, tap(portsOf(facts.name)[0]), facts.macs[0]),
    nic(1, tap(portsOf(facts.name)[1]), facts.macs[1]),
    nic(2, `'${management}'`, facts.macs[0].replace(/..$/, 'fe')),
  ];
  return `#!/bin/sh\nexec ip netns exec ${site.switchNamespace} ${argv.join(' \\\n  ')}\n`;
}
