import { messageOf } from '@rackwright/kernel';
import { existsSync } from 'node:fs';
import { debianKernel, REALRACK_CACHE } from './lun-image.js';

/** File -> Debian package that brings it. */
const FILES: Readonly<Record<string, string>> = {
  '/usr/bin/qemu-system-x86_64': 'qemu-system-x86',
  '/usr/lib/ipxe/ipxe.lkrn': 'ipxe',
  '/usr/sbin/tgtd': 'tgt',
  '/usr/bin/iscsi-inq': 'libiscsi-bin',
  '/sbin/iscsistart': 'open-iscsi',
  '/usr/sbin/ovs-vswitchd': 'openvswitch-switch',
  '/usr/bin/ipmi_sim': 'openipmi',
  '/usr/bin/ipmitool': 'ipmitool',
  '/bin/busybox': 'busybox-static',
  '/sbin/debugfs': 'e2fsprogs',
  '/sbin/sfdisk': 'fdisk',
  '/usr/bin/cpio': 'cpio',
  '/sbin/modprobe': 'kmod',
  '/usr/bin/mcopy': 'mtools',
  '/usr/bin/syslinux': 'syslinux',
  '/usr/lib/syslinux/mbr/mbr.bin': 'syslinux-common',
  '/usr/sbin/ethtool': 'ethtool',
  '/usr/bin/ping': 'iputils-ping',
  '/usr/bin/curl': 'curl',
  '/usr/sbin/ip': 'iproute2',
  '/usr/sbin/fence_ipmilan': 'fence-agents',
};

const present = (file: string): boolean =>
  existsSync(file) ||
  existsSync(`/usr${file}`) ||
  existsSync(file.replace('/usr/sbin/', '/sbin/').replace('/usr/bin/', '/bin/'));

/** Why a real rack cannot be built on this machine; undefined when it can. */
export async function realRackMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `needs Linux on x86-64, not ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root (network namespaces, taps)';
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun';
  const packages = Object.entries(FILES).flatMap(([file, name]) => (present(file) ? [] : [name]));
  if (packages.length > 0) return `packages are missing: ${[...new Set(packages)].join(', ')}`;
  try {
    await debianKernel(REALRACK_CACHE);
    return undefined;
  } catch (error) {
    return `no kernel for the servers: ${messageOf(error)}`;
  }
}
