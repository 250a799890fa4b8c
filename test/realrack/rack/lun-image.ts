import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@rackwright/kernel';
import { attempt, run } from './commands.js';

const MACHINE = fileURLToPath(new URL('../machine/', import.meta.url));
/** Kernel and built images; thrown away at will. */
export const REALRACK_CACHE = fileURLToPath(new URL('../../../.rackwright/realrack-cache', import.meta.url));
const SECTOR = 512;
const BOOT_START = 2048;
const BOOT_SECTORS = 61_440;
/** First sector of the partition that holds the boot counter. */
const DATA_START = BOOT_START + BOOT_SECTORS;
const MODULES = [
  'virtio_pci',
  'virtio_net',
  'virtio_blk',
  'crc32c_generic',
  'crc32c-intel',
  'sd_mod',
  'ext4',
  'iscsi_tcp',
  'iscsi_ibft',
];
/** Raised when the recipe below changes: part of the name of a built image. */
const RECIPE = 2;

export interface LunImageOptions {
  readonly cacheFolder: string;
  /** Address of the system on its data port, `10.77.0.51/24`: part of the image, as on a real disk. */
  readonly address: string;
}

/**
 * A bootable 64 MiB disk (syslinux, Debian's cloud kernel, an initramfs of busybox and iscsistart, a data partition),
 * built once for each content of its ingredients. No loop mounts. Answers the path of the untouched image.
 */
export async function lunImage({ cacheFolder, address }: LunImageOptions): Promise<string> {
  const kernel = await debianKernel(cacheFolder);
  const ingredients = ['init.sh', 'syslinux.cfg'].map((name) => readFileSync(join(MACHINE, name), 'utf8'));
  const key = createHash('sha256')
    .update([RECIPE, kernel, address, ...ingredients].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const image = join(cacheFolder, `lun-${key}.img`);
  if (existsSync(image)) return image;
  const folder = mkdtempSync(join(cacheFolder, 'build-'));
  try {
    const built = join(folder, 'disk.img');
    await build(built, { folder, kernel, address });
    renameSync(built, image);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return image;
}

/** A file of the data partition, read from the image by debugfs: what the disk says, whoever claims to have written it. */
export async function readLunFile(image: string, path: string, scratchFolder: string): Promise<string> {
  const partition = join(scratchFolder, `data-${basename(image)}`);
  await run([
    'dd',
    `if=${image}`,
    `of=${partition}`,
    `bs=${SECTOR}`,
    `skip=${DATA_START}`,
    'conv=sparse',
    'status=none',
  ]);
  const text = await run(['debugfs', '-R', `cat ${path}`, partition]);
  rmSync(partition);
  return text;
}

/** Folder of the newest cloud kernel of this Debian release, downloaded and unpacked but not installed. */
export async function debianKernel(cacheFolder: string): Promise<string> {
  mkdirSync(cacheFolder, { recursive: true });
  const known = readdirSync(cacheFolder)
    .filter((name) => name.startsWith('linux-image-'))
    .sort()
    .at(-1);
  if (known !== undefined) return join(cacheFolder, known);
  // The meta package depends on the newest kernel of the release; a search would also find backports.
  const meta = await run(['apt-cache', 'depends', 'linux-image-cloud-amd64']);
  const newest = /linux-image-[\w.+-]+-cloud-amd64/.exec(meta.replace(/^linux-image-cloud-amd64$/m, ''))?.[0];
  if (newest === undefined)
    throw new AppError('realrack.no-kernel', 'apt knows no linux-image-cloud-amd64; run apt-get update');
  const folder = mkdtempSync(join(cacheFolder, 'build-'));
  chmodSync(folder, 0o755);
  try {
    await run(['apt-get', '-qq', '-o=APT::Sandbox::User=root', 'download', newest], {
      cwd: folder,
      timeoutMs: 300_000,
    });
    const file = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? '';
    await run(['dpkg', '-x', file, 'x'], { cwd: folder });
    const unpacked = join(folder, 'x');
    await run(['depmod', '-b', unpacked, kernelVersion(unpacked)]);
    renameSync(unpacked, join(cacheFolder, newest));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return join(cacheFolder, newest);
}

function kernelVersion(kernel: string): string {
  return readdirSync(join(kernel, 'lib', 'modules'))[0] ?? '';
}

interface Build {
  readonly folder: string;
  readonly kernel: string;
  readonly address: string;
}

async function build(image: string, { folder, kernel, address }: Build): Promise<void> {
  const initrd = await initramfs(join(folder, 'initramfs'), kernel);
  const bootOffset = BOOT_START * SECTOR;
  await run(['truncate', '-s', '64M', image]);
  const table = `label: dos\nstart=${BOOT_START},size=${BOOT_SECTORS},type=e,bootable\nstart=${DATA_START},type=83\n`;
  await run(['sfdisk', '-q', image], { input: table });
  await run([
    'dd',
    'if=/usr/lib/syslinux/mbr/mbr.bin',
    `of=${image}`,
    'conv=notrunc',
    'bs=440',
    'count=1',
    'status=none',
  ]);
  const boot = `${image}@@${bootOffset}`;
  await run(['mformat', '-i', boot, '-T', String(BOOT_SECTORS), '-h', '64', '-s', '32', '-v', 'RACK', '::']);
  await run(['syslinux', '--offset', String(bootOffset), '--install', image]);
  await run(['mcopy', '-i', boot, join(kernel, 'boot', `vmlinuz-${kernelVersion(kernel)}`), '::/vmlinuz']);
  await run(['mcopy', '-i', boot, initrd, '::/initrd.gz']);
  await run(['mcopy', '-i', boot, join(MACHINE, 'syslinux.cfg'), '::/syslinux.cfg']);
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'identity'), `IP=${address}\n`);
  // Without a journal: what is on the disk is what debugfs reads, also after a power cut.
  const options = ['-t', 'ext4', '-O', '^has_journal', '-d', data, '-E', `offset=${DATA_START * SECTOR}`];
  await run(['mke2fs', '-q', ...options, image, '33792k']);
}

async function initramfs(root: string, kernel: string): Promise<string> {
  for (const name of ['bin', 'sbin', 'm', 'proc', 'sys', 'dev', 'mnt', 'tmp', 'etc', 'run']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  await copyWithLibraries('/bin/busybox', root);
  await run(['cp', join(MACHINE, 'init.sh'), join(root, 'init')]);
  chmodSync(join(root, 'init'), 0o755);
  await copyWithLibraries('/sbin/iscsistart', root);
  await copyModules(root, kernel);
  const archive = `${root}.gz`;
  await run(['sh', '-c', 'find . | cpio -o -H newc --quiet | gzip -1 >"$0"', archive], { cwd: root });
  return archive;
}

async function copyWithLibraries(program: string, root: string): Promise<void> {
  await run(['cp', '-L', program, join(root, 'bin', basename(program))]);
  const libraries = (await attempt(['ldd', program])).stdout.matchAll(/(\/\S+) \(0x/g);
  for (const [, path = ''] of libraries) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    await run(['cp', '-L', path, join(root, path)]);
  }
}

async function copyModules(root: string, kernel: string): Promise<void> {
  const version = kernelVersion(kernel);
  const wanted = new Set<string>();
  for (const name of MODULES) {
    const lines = await run(['modprobe', '-d', kernel, '-S', version, '--show-depends', name]);
    for (const [, path = ''] of lines.matchAll(/^insmod (\S+)/gm)) wanted.add(path);
  }
  for (const path of wanted) await run(['cp', path, join(root, 'm', basename(path))]);
  writeFileSync(join(root, 'm', 'order'), [...wanted].map((path) => `${basename(path)}\n`).join(''));
}
