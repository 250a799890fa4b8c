import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, type RandomSource } from '@rackwright/kernel';
import { generate } from 'selfsigned';
import { z } from 'zod';
import type { DeviceAccess, Endpoint } from '../face.js';

const kept = z.object({
  ca: z.object({ certPem: z.string(), keyPem: z.string() }),
  devices: z.record(
    z.string(),
    z.object({
      host: z.string(),
      port: z.number(),
      username: z.string(),
      password: z.string(),
      certPem: z.string(),
      keyPem: z.string(),
    }),
  ),
});

type Kept = z.output<typeof kept>;

/** A device that needs an address of its own. */
export interface NamedDevice {
  readonly kind: Endpoint['kind'];
  readonly name: string;
}

export interface AccessBookOptions {
  /** Where addresses, passwords and certificates are kept; absent = in memory (tests). */
  readonly file?: string;
  /** One address per device in 127.0.0.0/8 (Linux); otherwise one port each on 127.0.0.1. */
  readonly ownAddresses: boolean;
  readonly random: RandomSource;
}

const USERNAMES = { bmc: 'root', switch: 'admin', fabric: 'admin', array: 'admin', control: 'control' } as const;
/** Second octet of the addresses of each kind: `127.41.0.1` is the first BMC. */
const NETS = { bmc: 41, switch: 42, fabric: 43, array: 44, control: 45 } as const;
const CERTIFICATE_DAYS = 3650;
const DAY_MS = 86_400_000;

/**
 * Addresses, passwords and certificates of the simulated devices: made at the first start (the ports by the system, so
 * that two simulators never quarrel), the same ever after. One CA
 * for the site; every device has a certificate of its own, with its address in it, over one shared key (EC, so that 60 of
 * them take a moment).
 */
export class AccessBook {
  private constructor(
    private readonly options: AccessBookOptions,
    private readonly book: Kept,
  ) {}

  /** Opens the book, making what is missing for these devices. */
  static async open(devices: readonly NamedDevice[], options: AccessBookOptions, now: Date): Promise<AccessBook> {
    const { file } = options;
    const known =
      file !== undefined && existsSync(file) ? kept.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
    const book = known ?? { ca: await makeCa(now), devices: {} };
    const access = new AccessBook(options, book);
    const missing = devices.filter((device) => !book.devices[keyOf(device.kind, device.name)]);
    const [first] = missing;
    if (first) await access.add(missing, now);
    return access;
  }

  get caPem(): string {
    return this.book.ca.certPem;
  }

  /** Throws `sim.no-such-device` for a device the book was not opened for. */
  access(kind: Endpoint['kind'], name: string): DeviceAccess {
    const found = this.book.devices[keyOf(kind, name)];
    if (!found) throw new AppError('sim.no-such-device', `no address was made for ${kind} ${name}`);
    const { host, port, username, password, certPem, keyPem } = found;
    const fingerprintSha256 = new X509Certificate(certPem).fingerprint256.replaceAll(':', '').toLowerCase();
    return {
      host,
      port,
      credential: { username, password },
      tls: { certPem, keyPem, caPem: this.caPem, fingerprintSha256 },
    };
  }

  /** Remembers the port a device was really bound to. */
  bound(kind: Endpoint['kind'], name: string, port: number): void {
    const found = this.book.devices[keyOf(kind, name)];
    if (!found || found.port === port) return;
    found.port = port;
    this.save();
  }

  private async add(devices: readonly NamedDevice[], now: Date): Promise<void> {
    const { ca, devices: known } = this.book;
    let keyPair: { privateKey: string; publicKey: string } | undefined;
    for (const { kind, name } of devices) {
      const number = Object.keys(known).filter((key) => key.startsWith(`${kind}/`)).length + 1;
      const host = this.options.ownAddresses
        ? `127.${NETS[kind]}.${Math.floor(number / 250)}.${(number % 250) + 1}`
        : '127.0.0.1';
      const made = await makeCertificate(name, host, now, { ca, ...(keyPair ? { keyPair } : {}) });
      keyPair ??= { privateKey: made.private, publicKey: made.public };
      const password = Buffer.from(this.options.random.bytes(12)).toString('base64url');
      known[keyOf(kind, name)] = {
        host,
        port: 0,
        username: USERNAMES[kind],
        password,
        certPem: made.cert,
        keyPem: made.private,
      };
    }
    this.save();
  }

  private save(): void {
    const { file } = this.options;
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(this.book, null, 1), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

function validity(now: Date): { notBeforeDate: Date; notAfterDate: Date } {
  const notBeforeDate = new Date(now.getTime() - DAY_MS);
  return { notBeforeDate, notAfterDate: new Date(now.getTime() + CERTIFICATE_DAYS * DAY_MS) };
}

async function makeCa(now: Date): Promise<Kept['ca']> {
  const made = await generate([{ name: 'commonName', value: 'Rackwright simulated site CA' }], {
    ...validity(now),
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { certPem: made.cert, keyPem: made.private };
}

function makeCertificate(
  name: string,
  host: string,
  now: Date,
  sign: { ca: Kept['ca']; keyPair?: { privateKey: string; publicKey: string } },
): Promise<Awaited<ReturnType<typeof generate>>> {
  return generate([{ name: 'commonName', value: name }], {
    ...validity(now),
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    ca: { cert: sign.ca.certPem, key: sign.ca.keyPem },
    ...(sign.keyPair ? { keyPair: sign.keyPair } : {}),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: name },
          { type: 7, ip: host },
        ],
      },
    ],
  });
}
