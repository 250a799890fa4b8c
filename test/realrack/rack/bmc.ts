import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@rackwright/testing';
import { attempt, freeUdpPort, start } from './commands.js';

const CHASSIS_CONTROL = fileURLToPath(new URL('../machine/chassis-control.sh', import.meta.url));

export interface BmcCredential {
  readonly username: string;
  readonly password: string;
}

/** The account Rackwright is given, and one of somebody else who looks and fences on his own. */
export const PRODUCT_ACCOUNT: BmcCredential = { username: 'rackwright', password: 'rack-secret' };
export const OPERATOR_ACCOUNT: BmcCredential = { username: 'operator', password: 'oper-secret' };

/** One ipmi_sim in front of one server. */
export class Bmc {
  private constructor(readonly port: number) {}

  static async start(options: {
    readonly folder: string;
    readonly boardSerial: string;
    readonly uuid: string;
    readonly env: Readonly<Record<string, string>>;
  }): Promise<Bmc> {
    const { folder } = options;
    const bmc = new Bmc(await freeUdpPort());
    mkdirSync(join(folder, 'bmc-state'));
    writeFileSync(join(folder, 'fru.bin'), fruData(options.boardSerial));
    writeFileSync(join(folder, 'lan.conf'), lanConfiguration(folder, bmc.port, options.uuid));
    writeFileSync(join(folder, 'bmc.emu'), emulation(join(folder, 'fru.bin')));
    const argv = ['ipmi_sim', '-c', join(folder, 'lan.conf'), '-f', join(folder, 'bmc.emu')];
    start([...argv, '-s', join(folder, 'bmc-state'), '-n'], {
      env: options.env,
      logFile: join(folder, 'ipmi_sim.log'),
      cwd: folder,
    });
    await waitFor(async () => (await bmc.ipmitool(['chassis', 'power', 'status'])) !== '', {
      withinMs: 20_000,
      what: 'ipmi_sim answers',
    });
    return bmc;
  }

  /** What the operator sees with his own account; an empty text when the BMC refused. */
  async ipmitool(args: readonly string[], account: BmcCredential = OPERATOR_ACCOUNT): Promise<string> {
    const where = [
      '-I',
      'lanplus',
      '-H',
      '127.0.0.1',
      '-p',
      String(this.port),
      '-C',
      '3',
      '-U',
      account.username,
      '-E',
    ];
    const end = await attempt(['ipmitool', ...where, ...args], {
      env: { IPMI_PASSWORD: account.password },
      timeoutMs: 20_000,
    });
    return end.stdout.trim();
  }

  /** Status by the fence agent of the Linux HA project: its contract is 0 = on, 2 = off. */
  async fenceStatus(): Promise<'on' | 'off' | 'unknown'> {
    const { username, password } = OPERATOR_ACCOUNT;
    const input = [
      'action=status',
      'ip=127.0.0.1',
      `ipport=${this.port}`,
      `username=${username}`,
      `password=${password}`,
      'lanplus=1',
      'cipher=3',
      '',
    ].join('\n');
    const { code } = await attempt(['fence_ipmilan'], { input, timeoutMs: 30_000 });
    return code === 0 ? 'on' : code === 2 ? 'off' : 'unknown';
  }
}

/** What the chassis was told, oldest first, by its own record; off when it was done, all else when it was asked. */
export function chassisRecord(folder: string): { readonly atMs: number; readonly command: string }[] {
  const file = join(folder, 'commands');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.map((line) => {
    const [atMs = '', ...command] = line.split(' ');
    return { atMs: Number(atMs), command: command.join(' ') };
  });
}

function lanConfiguration(folder: string, port: number, uuid: string): string {
  const levels = ['callback', 'user', 'operator', 'admin'];
  const user = (id: number, { username, password }: BmcCredential): string =>
    `  user ${id} true "${username}" "${password}" admin 10 none md2 md5 straight`;
  return [
    'name "server"',
    'set_working_mc 0x20',
    '  startlan 1',
    `    addr 127.0.0.1 ${port}`,
    '    priv_limit admin',
    ...levels.map((level) => `    allowed_auths_${level} none md2 md5 straight`),
    `    guid ${uuid.replaceAll('-', '')}`,
    '  endlan',
    `  chassis_control "${CHASSIS_CONTROL} ${folder}"`,
    '  user 1 true "" "none" user 10 none md2 md5 straight',
    user(2, PRODUCT_ACCOUNT),
    user(3, OPERATOR_ACCOUNT),
    '',
  ].join('\n');
}

function emulation(fruFile: string): string {
  return [
    'mc_setbmc 0x20',
    'mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr',
    'sel_enable 0x20 1000 0x0a',
    `mc_add_fru_data 0x20 0x00 ${FRU_BYTES} file 0 "${fruFile}"`,
    'mc_enable 0x20',
    '',
  ].join('\n');
}

const FRU_BYTES = 128;

/** FRU inventory with a board area (IPMI Platform Management FRU Information Storage Definition, sections 8 and 11). */
function fruData(boardSerial: string): Buffer {
  const text = (value: string): number[] => [0xc0 | value.length, ...Buffer.from(value, 'latin1')];
  const fields = [...text('Rackwright'), ...text('QEMU pc'), ...text(boardSerial), ...text('RW-QEMU'), 0xc0, 0xc1];
  const length = Math.ceil((6 + fields.length + 1) / 8);
  const board = [0x01, length, 0x19, 0x00, 0x00, 0x00, ...fields];
  const area = [...board, ...Array.from({ length: length * 8 - board.length - 1 }, () => 0)];
  const header = [0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00];
  const data = [...withChecksum(header), ...withChecksum(area)];
  return Buffer.concat([Buffer.from(data), Buffer.alloc(FRU_BYTES - data.length)]);
}

function withChecksum(bytes: readonly number[]): number[] {
  return [...bytes, (256 - (bytes.reduce((sum, byte) => sum + byte, 0) % 256)) % 256];
}
