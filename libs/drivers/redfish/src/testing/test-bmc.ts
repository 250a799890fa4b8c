import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { OPEN_GATE, type DeviceCall, type SendGate } from '@rackwright/driver-core';
import { SystemClock } from '@rackwright/kernel';
import { generate } from 'selfsigned';

export type Json = Record<string, unknown>;
export const CREDENTIAL = { username: 'root', password: 'hunter2-secret' };

/** A request as the BMC got it. */
export interface Got {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Json;
}

/** Answers a request itself (true), or leaves it to the tree (false). */
export type Intercept = (got: Got, response: ServerResponse) => boolean;

export interface BmcCertificate {
  readonly key: string;
  readonly cert: string;
  readonly sha256: string;
}

export async function makeCertificate(): Promise<BmcCertificate> {
  const made = await generate([{ name: 'commonName', value: 'bmc' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return { key: made.private, cert: made.cert, sha256: new X509Certificate(made.cert).fingerprint256 };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function sendMessage(
  response: ServerResponse,
  status: number,
  messageId: string,
  headers?: Record<string, string>,
): void {
  sendJson(
    response,
    status,
    { error: { code: messageId, '@Message.ExtendedInfo': [{ MessageId: messageId }] } },
    headers,
  );
}

function merge(target: Json, patch: Json): void {
  for (const [key, value] of Object.entries(patch)) {
    const held = target[key];
    const isDeep =
      typeof value === 'object' && value !== null && !Array.isArray(value) && typeof held === 'object' && held;
    if (isDeep) merge(held as Json, value as Json);
    else target[key] = value;
  }
}

/**
 * A small stateful BMC over TLS for the driver's own specs: a tree of resources, sessions, merging PATCH, and a hook to
 * answer anything differently. What machines really do is the simulator's business.
 */
export class TestBmc {
  readonly tree = new Map<string, Json>();
  readonly got: Got[] = [];
  /** Everything that came in, as text: what must not hold a secret is searched here. */
  received = '';
  intercept: Intercept = () => false;
  readonly tokens = new Set<string>();
  logins = 0;
  certificate!: BmcCertificate;
  private server: Server | undefined;
  private port = 0;

  get address(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async start(certificate?: BmcCertificate): Promise<this> {
    this.certificate = certificate ?? (await makeCertificate());
    this.server = createServer({ key: this.certificate.key, cert: this.certificate.cert }, (request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Comes back at the same address with another certificate, as after a swap of machines or an attack. */
  async changeCertificate(): Promise<void> {
    await this.stop();
    await this.start(await makeCertificate());
  }

  sends(method: string): readonly Got[] {
    return this.got.filter((one) => one.method === method && !one.path.endsWith('/Sessions'));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    this.received += `${JSON.stringify(request.headers)}${text}`;
    const body = (text === '' ? {} : JSON.parse(text)) as Json;
    const path = (request.url ?? '').replace(/(.)\/+$/, '$1');
    const got: Got = { method: request.method ?? '', path, headers: request.headers, body };
    this.got.push(got);
    if (this.intercept(got, response)) return;
    if (path.endsWith('/SessionService/Sessions') && got.method === 'POST') return this.login(body, response);
    const token = request.headers['x-auth-token'];
    const isKnown = typeof token === 'string' && this.tokens.has(token);
    if (path !== '/redfish/v1' && !isKnown) return sendMessage(response, 401, 'Base.1.0.NoValidSession');
    this.serve(got, response);
  }

  private login(body: Json, response: ServerResponse): void {
    if (body['Password'] !== CREDENTIAL.password) return sendMessage(response, 401, 'Base.1.0.Unauthorized');
    const token = `token-${++this.logins}`;
    this.tokens.add(token);
    const location = `/redfish/v1/SessionService/Sessions/${this.logins}`;
    sendJson(response, 201, {}, { 'x-auth-token': token, location });
  }

  private serve({ method, path, headers, body }: Got, response: ServerResponse): void {
    if (method === 'DELETE') {
      if (path.includes('/Sessions/')) this.tokens.delete(String(headers['x-auth-token']));
      return void response.writeHead(204).end();
    }
    const resource = this.tree.get(path);
    if (resource === undefined) return sendMessage(response, 404, 'Base.1.0.ResourceMissingAtURI');
    if (method === 'PATCH') merge(resource, body);
    const etag = typeof resource['@odata.etag'] === 'string' ? { etag: resource['@odata.etag'] } : undefined;
    sendJson(response, 200, resource, etag);
  }
}

const SYSTEM = '/redfish/v1/Systems/1';
const ADAPTER = '/redfish/v1/Chassis/1/NetworkAdapters/NIC1';
export const NDF = `${ADAPTER}/NetworkDeviceFunctions/F1`;

const to = (path: string): Json => ({ '@odata.id': path });
const collection = (...paths: string[]): Json => ({ Members: paths.map(to) });

/** The system resource of a server called `serial`, switched on. */
export function systemOf(serial: string): Json {
  return {
    ...to(SYSTEM),
    Manufacturer: 'Acme',
    Model: 'One',
    SerialNumber: serial,
    UUID: '11111111-2222-3333-4444-555555555555',
    PowerState: 'On',
    PowerRestorePolicy: 'LastState',
    Boot: {
      BootSourceOverrideEnabled: 'Disabled',
      BootSourceOverrideTarget: 'None',
      'BootSourceOverrideTarget@Redfish.AllowableValues': ['None', 'Pxe', 'Hdd', 'UefiTarget'],
    },
    Links: { Chassis: [to('/redfish/v1/Chassis/1')] },
    Actions: {
      '#ComputerSystem.Reset': {
        target: `${SYSTEM}/Actions/ComputerSystem.Reset`,
        'ResetType@Redfish.AllowableValues': ['On', 'ForceOff', 'GracefulShutdown'],
      },
    },
  };
}

/** Fills a BMC with one server: a system, its chassis, one Ethernet and one Fibre Channel function with settings objects. */
export function furnish(bmc: TestBmc, serial = 'BOARD-1', root: Json = {}): void {
  const functionOf = (id: string, more: Json): [string, Json] => [
    `${ADAPTER}/NetworkDeviceFunctions/${id}`,
    {
      ...to(`${ADAPTER}/NetworkDeviceFunctions/${id}`),
      '@Redfish.Settings': {
        SettingsObject: to(`${ADAPTER}/NetworkDeviceFunctions/${id}/Settings`),
        SupportedApplyTimes: ['OnReset'],
      },
      ...more,
    },
  ];
  const entries: [string, Json][] = [
    [
      '/redfish/v1',
      {
        ...to('/redfish/v1'),
        Systems: to('/redfish/v1/Systems'),
        Chassis: to('/redfish/v1/Chassis'),
        Links: { Sessions: to('/redfish/v1/SessionService/Sessions') },
        ...root,
      },
    ],
    ['/redfish/v1/Systems', collection(SYSTEM)],
    [SYSTEM, systemOf(serial)],
    ['/redfish/v1/Chassis', collection('/redfish/v1/Chassis/1')],
    [
      '/redfish/v1/Chassis/1',
      {
        ...to('/redfish/v1/Chassis/1'),
        ChassisType: 'Blade',
        SerialNumber: serial,
        NetworkAdapters: to('/redfish/v1/Chassis/1/NetworkAdapters'),
      },
    ],
    ['/redfish/v1/Chassis/1/NetworkAdapters', collection(ADAPTER)],
    [ADAPTER, { ...to(ADAPTER), NetworkDeviceFunctions: to(`${ADAPTER}/NetworkDeviceFunctions`) }],
    [`${ADAPTER}/NetworkDeviceFunctions`, collection(NDF, `${ADAPTER}/NetworkDeviceFunctions/F2`)],
    functionOf('F1', {
      NetDevFuncType: 'Ethernet',
      Ethernet: { PermanentMACAddress: '00:25:B5:00:00:01', MACAddress: '00:25:B5:00:00:01' },
    }),
    functionOf('F2', {
      NetDevFuncType: 'FibreChannel',
      FibreChannel: {
        PermanentWWPN: '20:00:00:25:B5:00:00:01',
        PermanentWWNN: '10:00:00:25:B5:00:00:01',
        WWPN: '20:00:00:25:B5:00:00:01',
        WWNN: '10:00:00:25:B5:00:00:01',
      },
    }),
    [`${NDF}/Settings`, to(`${NDF}/Settings`)],
    [`${ADAPTER}/NetworkDeviceFunctions/F2/Settings`, to(`${ADAPTER}/NetworkDeviceFunctions/F2/Settings`)],
  ];
  for (const [path, body] of entries) bmc.tree.set(path, body);
}

export function systemIn(bmc: TestBmc): Json {
  return bmc.tree.get(SYSTEM) ?? {};
}

/** Applies what waits in the settings objects, as a reset does. */
export function applySettings(bmc: TestBmc): void {
  for (const [path, settings] of bmc.tree) {
    const active = path.endsWith('/Settings') ? bmc.tree.get(path.slice(0, -'/Settings'.length)) : undefined;
    if (!active) continue;
    for (const section of ['Ethernet', 'FibreChannel', 'iSCSIBoot', 'BootMode']) {
      const waiting = settings[section];
      if (waiting === undefined) continue;
      if (typeof waiting === 'object') merge(active, { [section]: waiting });
      else active[section] = waiting;
      delete settings[section];
    }
  }
}

export function callWithin(budgetMs: number, gate: SendGate = OPEN_GATE): DeviceCall {
  const clock = new SystemClock();
  return { gate, clock, deadline: new Date(clock.now().getTime() + budgetMs) };
}
