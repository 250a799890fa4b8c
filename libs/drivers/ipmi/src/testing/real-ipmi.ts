import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '@rackwright/kernel';

/** Why OpenIPMI's simulator cannot run here; undefined when it can. */
export function realIpmiMissing(): string | undefined {
  const missing = ['/usr/bin/ipmi_sim', '/usr/bin/ipmitool'].filter((path) => !existsSync(path));
  return missing.length > 0 ? `packages openipmi, ipmitool are missing (${missing.join(', ')})` : undefined;
}

export const PASSWORD = 'S3cret$x';

/** One area of a FRU: type/length coded texts, padded to eights and summed to zero (IPMI FRU specification 1.0). */
function fruArea(head: readonly number[], texts: readonly string[]): number[] {
  const fields = texts.flatMap((text) => [0xc0 | text.length, ...Buffer.from(text, 'latin1')]);
  const body = [0x01, 0, ...head, ...fields, 0xc1];
  while ((body.length + 1) % 8 !== 0) body.push(0);
  body[1] = (body.length + 1) / 8;
  return [...body, checksum(body)];
}

function checksum(bytes: readonly number[]): number {
  return (256 - (bytes.reduce((sum, byte) => sum + byte, 0) % 256)) % 256;
}

function fruOf(names: { board: string; product: string }): number[] {
  const board = fruArea([0, 0, 0, 0], ['Example', 'Board One', names.board, 'BPN', '']);
  const product = fruArea([0], ['Example', 'Server One', 'PPN', '1', names.product, 'ASSET-7', '']);
  const header = [0x01, 0, 0, 1, 1 + board.length / 8, 0, 0];
  return [...header, checksum(header), ...board, ...product];
}

/** A BMC that speaks RMCP+ on a free port and moves a "machine" that is two files; for specs. */
export class RealIpmi {
  private constructor(
    private readonly folder: string,
    private readonly process: ChildProcess,
    readonly port: number,
  ) {}

  static async start(): Promise<RealIpmi> {
    const folder = mkdtempSync(join(tmpdir(), 'rw-ipmi-'));
    const port = await freeUdpPort();
    const file = (name: string): string => join(folder, name);
    mkdirSync(file('state'));
    writeFileSync(file('power'), '0');
    writeFileSync(file('boot'), 'none');
    writeFileSync(file('chassis.sh'), chassisScript(folder), { mode: 0o755 });
    writeFileSync(file('lan.conf'), lanConfiguration(port, file('chassis.sh')));
    const fru = fruOf({ board: 'BRD-0001', product: 'SRV-0001' });
    const bytes = fru.map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
    const commands = ['mc_setbmc 0x20', 'mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr'];
    commands.push(
      `mc_add_fru_data 0x20 0 ${fru.length} data ${bytes}`,
      'sel_enable 0x20 1000 0x0a',
      'mc_enable 0x20',
      '',
    );
    writeFileSync(file('sim.emu'), commands.join('\n'));
    const args = ['-c', file('lan.conf'), '-f', file('sim.emu'), '-s', file('state'), '-n'];
    return new RealIpmi(folder, spawn('ipmi_sim', args, { stdio: 'ignore' }), port);
  }

  /** Power as the machine really has it. */
  get power(): string {
    return readFileSync(join(this.folder, 'power'), 'utf8').trim();
  }

  /** Makes the machine ignore what it is told. */
  ignoreCommands(ignore: boolean): void {
    writeFileSync(join(this.folder, 'ignore'), ignore ? 'yes' : 'no');
  }

  async stop(): Promise<void> {
    this.process.kill('SIGKILL');
    const clock = new SystemClock();
    while (this.process.exitCode === null && this.process.signalCode === null) await clock.sleep(10);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Called by ipmi_sim as `chassis.sh get power boot …` and `chassis.sh set power 1`. */
function chassisScript(folder: string): string {
  return `#!/bin/sh
cd ${folder} || exit 1
verb=$1; shift
if [ "$verb" = get ]; then
  for name in "$@"; do
    case $name in power) echo "power:$(cat power)";; boot) echo "boot:$(cat boot)";; *) echo "$name:0";; esac
  done
elif [ "$(cat ignore 2>/dev/null)" != yes ]; then
  while [ $# -gt 1 ]; do
    case $1 in power) echo "$2" >power;; shutdown) echo 0 >power;; boot) echo "$2" >boot;; esac
    shift 2
  done
fi
exit 0
`;
}

function lanConfiguration(port: number, chassis: string): string {
  return `name "spec"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a1b2c3d4000000000000000000000001
  endlan
  chassis_control "${chassis}"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "admin" "${PASSWORD}" admin 10 none md2 md5 straight
`;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
