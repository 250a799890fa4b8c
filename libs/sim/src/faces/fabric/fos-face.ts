/**
 * Brocade FOS REST (8.2 and 9.x) of one Fibre Channel switch, over HTTPS or HTTP. Sessions (`POST /rest/login` with
 * Basic, the key to replay in the answer's `Authorization` header, `POST /rest/logout` 204) are few and expire when
 * idle. Zoning is one transaction per fabric: staged edits, checksum, commit, abort. Routes below `/rest/running`:
 * `brocade-zone/{defined-configuration[/{cfg,zone,alias}[/{key}/{name}]], effective-configuration, fabric-lock}`
 * (`zoning/…` before 9.0), `brocade-fibrechannel-switch/fibrechannel-switch`,
 * `brocade-name-server/fibrechannel-name-server`, `brocade-interface/fibrechannel[/name/{slot/port}]`,
 * `brocade-chassis/{chassis, management-interface-configuration}`; and `POST /rest/operations/zone` (expunge). JSON and
 * XML. Not simulated: virtual fabrics other than 128, asynchronous operations, FICON, statistics. Error texts are ours
 * except where a real one was seen; a client must go by status and code.
 */
import type { DeviceFace, DeviceFaceOptions, FaceAddress } from '../device-face.js';
import { DeviceHttpServer, type HttpAnswer, type HttpCall, type HttpDevice } from '../device-http.js';
import type { FabricBackend } from './fabric-backend.js';
import { errorBody, FosRefusal, invalidUri, restError } from './fos-error.js';
import { formatOf, readFosBody, writeFos } from './fos-format.js';
import { FosSessions } from './fos-sessions.js';
import { chassisView, nameServerReply, patchPorts, readPorts, switchView } from './switch-resources.js';
import type { PatchMode } from './zone-edits.js';
import { ZoneResource, type Reply } from './zone-resource.js';
import { ZoneTransactions } from './zone-transaction.js';

export interface FosFaceOptions extends DeviceFaceOptions {
  readonly maxRestSessions?: number;
  readonly idleExpiryMs?: number;
  /** Public material contradicts itself on PATCH of defined-configuration; both switches exist here. Default `replace`. */
  readonly patchMode?: PatchMode;
  /** Lists of one are sent as their element. Default false. */
  readonly singleAsObject?: boolean;
  /** More requests than this in one window answer 503. Default: no throttle. */
  readonly throttle?: { readonly requests: number; readonly perMs: number };
  /** Upper limit of the zoning database in bytes. */
  readonly dbMaxBytes?: number;
}

/** A FOS face; the members beside {@link DeviceFace} are for tests and for the console's fault injection. */
export class FosFace implements DeviceFace, HttpDevice {
  readonly sessions: FosSessions;
  private readonly http: DeviceHttpServer;
  private readonly zones: ZoneResource;
  private window = { startedMs: 0, requests: 0 };

  constructor(
    readonly name: string,
    private readonly backend: FabricBackend,
    private readonly options: FosFaceOptions,
  ) {
    const { clock, random } = options;
    const transactions = new ZoneTransactions(backend, options.dbMaxBytes ?? 1_045_274);
    this.zones = new ZoneResource(transactions, () => backend.switchInfo(), options.patchMode ?? 'replace');
    const rules = {
      user: options.user ?? 'admin',
      password: options.password ?? 'password',
      maxSessions: options.maxRestSessions ?? 3,
      idleExpiryMs: options.idleExpiryMs ?? 600_000,
    };
    this.sessions = new FosSessions(rules, clock, random);
    this.http = new DeviceHttpServer(this, options);
  }

  start(): Promise<FaceAddress> {
    return this.http.start();
  }

  stop(): Promise<void> {
    return this.http.stop();
  }

  answer(call: HttpCall): HttpAnswer {
    try {
      this.checkThrottle();
      if (call.path === '/rest/login' && call.method === 'POST') return this.login(call);
      const format = formatOf(call);
      const session = this.sessions.require(call);
      if (call.path === '/rest/logout' && call.method === 'POST') {
        this.sessions.logout(session);
        return { status: 204 };
      }
      const reply = this.route(call);
      const content = reply.content && { Response: reply.content };
      return writeFos(reply.status, content, { format, singleAsObject: this.options.singleAsObject ?? false });
    } catch (error) {
      if (!(error instanceof FosRefusal)) throw error;
      return this.refuse(error, call);
    }
  }

  plainError(status: number, message: string, call: HttpCall): HttpAnswer {
    return this.refuse(restError(status, message, 9, 'resource-denied'), call);
  }

  private login(call: HttpCall): HttpAnswer {
    const session = this.sessions.login(call);
    return { status: 200, headers: { authorization: session.key } };
  }

  private route(call: HttpCall): Reply {
    const [root, area, module, ...rest] = call.segments;
    const vfId = call.query.get('vf-id');
    if (root !== 'rest' || (vfId !== null && vfId !== '128')) throw invalidUri();
    if (area === 'operations' && module === 'zone' && call.method === 'POST') {
      return this.zones.operate(readFosBody(call), call);
    }
    if (area !== 'running') throw invalidUri();
    if (this.isZoneModule(module)) return this.zones.handle({ call, rest, body: readFosBody(call) });
    return this.routeSwitch(call, module, rest);
  }

  /** `zoning` is the path of 8.x, `brocade-zone` of 9.x; 8.2.3 answers both, 9.x rejects the old one. */
  private isZoneModule(module: string | undefined): boolean {
    const firmware = this.backend.switchInfo().firmware;
    if (module === 'brocade-zone') return !firmware.startsWith('v8') || firmware.startsWith('v8.2.3');
    return module === 'zoning' && firmware.startsWith('v8');
  }

  private routeSwitch(call: HttpCall, module: string | undefined, rest: readonly string[]): Reply {
    const [resource, ...key] = rest;
    if (module === 'brocade-interface' && resource === 'fibrechannel') {
      if (call.method === 'GET') return readPorts(this.backend, key);
      if (call.method === 'PATCH') return patchPorts(this.backend, key, readFosBody(call));
    }
    if (call.method !== 'GET') throw restError(405, 'Method not allowed', 4, 'operation-not-supported');
    if (module === 'brocade-name-server' && resource === 'fibrechannel-name-server') {
      return nameServerReply(this.backend, call.query);
    }
    const isSwitch = module === 'brocade-fibrechannel-switch' || module === 'switch';
    if (isSwitch && resource === 'fibrechannel-switch') {
      return { status: 200, content: { 'fibrechannel-switch': [switchView(this.backend)] } };
    }
    if (module === 'brocade-chassis' && resource === 'chassis') {
      return { status: 200, content: { chassis: chassisView(this.backend) } };
    }
    if (module === 'brocade-chassis' && resource === 'management-interface-configuration') {
      const max = this.options.maxRestSessions ?? 3;
      return {
        status: 200,
        content: {
          'management-interface-configuration': {
            'rest-enabled': true,
            'https-protocol-enabled': this.options.tls !== undefined,
            'effective-protocol': this.options.tls ? 'https' : 'http',
            'max-rest-sessions': max,
            'https-keep-alive-enabled': false,
            'https-keep-alive-timeout': 15,
          },
        },
      };
    }
    throw invalidUri();
  }

  private checkThrottle(): void {
    const throttle = this.options.throttle;
    if (!throttle) return;
    const now = this.options.clock.monotonicMs();
    if (now - this.window.startedMs >= throttle.perMs) this.window = { startedMs: now, requests: 0 };
    if (++this.window.requests > throttle.requests) {
      throw restError(503, 'Too many requests', 9, 'resource-denied');
    }
  }

  private refuse(refusal: FosRefusal, call: HttpCall): HttpAnswer {
    const single = this.options.singleAsObject ?? false;
    const format = (call.headers.accept ?? '').includes('json') ? 'json' : 'xml';
    return writeFos(refusal.error.status, errorBody(refusal.error, single), { format, singleAsObject: false });
  }
}
