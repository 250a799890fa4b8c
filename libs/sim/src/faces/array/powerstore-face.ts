/**
 * Dell PowerStore REST (`/api/rest`) of one array, over HTTPS. Sign-in by Basic, or by the `auth_cookie` and
 * `DELL-EMC-TOKEN` an answer carries (then every request but GET needs the token; `GET login_session`, `POST logout`).
 * Read: cluster, appliance, software_installed, volume, host, host_volume_mapping, initiator, discovered_initiator,
 * fc_port, ip_port, ip_pool_address, as collection (filters `eq.`, `neq.`, `in.()`, `is.`, `like.`, comparisons and `not.`,
 * `select` with embedded fields, `order`, `limit`/`offset` or `Range`; parts answer 206 with `Content-Range`) or by id.
 * Without `select` an answer holds ids only. Changes: `POST /host`, `PATCH /host/{id}` (one change at a time),
 * `DELETE /host/{id}`, `POST /host/{id}/{attach,detach}`, `POST /volume/{id}/{attach,detach}`; with `is_async=true` they
 * answer 202 and a job to read. The API has no action that ends an initiator's session: it ends when the initiator logs
 * out or its link dies, and until then it stays in `host_initiators[].active_sessions`, or in `discovered_initiator` when
 * no host object holds the name any more. Error codes that nobody published are ours (marked in `powerstore-error.ts`).
 */
import { isAppError } from '@rackwright/kernel';
import type { DeviceFace, DeviceFaceOptions, FaceAddress } from '../device-face.js';
import {
  DeviceHttpServer,
  type HttpAnswer,
  type HttpCall,
  type HttpDevice,
  isRecord,
  tryJson,
} from '../device-http.js';
import type { ArrayBackend, ArrayHostChange, ArrayInitiator } from './array-backend.js';
import { answerCollection, selectFields, type PageRules, type Row } from './collection-query.js';
import { badRequest, CODES, notFound, PowerStoreRefusal, refusalOf } from './powerstore-error.js';
import { COLLECTIONS } from './powerstore-rows.js';
import { type LoginSession, PowerStoreSessions } from './powerstore-sessions.js';

export interface PowerStoreFaceOptions extends DeviceFaceOptions {
  readonly idleExpiryMs?: number;
  readonly tokenNeeded?: 'cookie' | 'always';
  readonly paging?: PageRules;
}

const OS_TYPES = new Set(['Windows', 'Linux', 'ESXi', 'AIX', 'HP-UX', 'Solaris']);
const LUN_MAX = 16_383;

export class PowerStoreFace implements DeviceFace, HttpDevice {
  readonly sessions: PowerStoreSessions;
  private readonly http: DeviceHttpServer;
  private readonly paging: PageRules;
  private readonly jobs = new Map<string, Row>();

  constructor(
    readonly name: string,
    private readonly backend: ArrayBackend,
    private readonly options: PowerStoreFaceOptions,
  ) {
    const rules = {
      user: options.user ?? 'admin',
      password: options.password ?? 'password',
      idleExpiryMs: options.idleExpiryMs ?? 3_600_000,
      tokenNeeded: options.tokenNeeded ?? 'cookie',
    };
    this.sessions = new PowerStoreSessions(rules, options.clock, options.random);
    this.paging = options.paging ?? { defaultLimit: 100, maxLimit: 2000 };
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
      const session = this.sessions.authenticate(call);
      const answer = this.route(call, session);
      return { ...answer, headers: { ...answer.headers, ...this.sessionHeaders(call, session) } };
    } catch (error) {
      if (error instanceof PowerStoreRefusal) return error.answer();
      if (isAppError(error, 'sim.no-such-device')) return notFound(this.name).answer();
      throw error;
    }
  }

  plainError(status: number, message: string): HttpAnswer {
    return new PowerStoreRefusal(status, CODES.unavailable, message).answer();
  }

  private sessionHeaders(call: HttpCall, session: LoginSession): Record<string, string> {
    const cookie = `auth_cookie=${session.cookie}; Path=/; Secure; HttpOnly`;
    const sent = call.headers.cookie?.includes(session.cookie) === true;
    return { 'dell-emc-token': session.token, ...(sent ? {} : { 'set-cookie': cookie }) };
  }

  private route(call: HttpCall, session: LoginSession): HttpAnswer {
    const [api, rest, type, id, action, extra] = call.segments;
    if (api !== 'api' || rest !== 'rest' || type === undefined || extra !== undefined) throw notFound(call.path);
    if (type === 'logout' && call.method === 'POST') {
      this.sessions.logout(session);
      return { status: 204 };
    }
    if (call.method === 'GET') return this.read(call, session, type, id);
    const body = call.rawBody === '' ? {} : tryJson(call.rawBody);
    if (!isRecord(body)) throw badRequest('The request body is not a JSON object');
    const asynchronous = call.query.get('is_async') === 'true';
    const done = this.change(call, { type, id, action }, body);
    return asynchronous ? this.asJob(done) : done;
  }

  private read(call: HttpCall, session: LoginSession, type: string, id: string | undefined): HttpAnswer {
    const rows = this.rowsOf(type, session);
    if (rows === undefined) throw notFound(type);
    if (id === undefined) return answerCollection(rows, call.query, call.headers.range, this.paging);
    const row = rows.find((each) => each['id'] === id || (id.startsWith('name:') && each['name'] === id.slice(5)));
    if (!row && type === 'volume') throw refusalOf('no-such-volume', id);
    if (!row && type === 'host') throw refusalOf('no-such-host', id);
    if (!row) throw notFound(id);
    return json(200, selectFields(row, call.query.get('select')));
  }

  private rowsOf(type: string, session: LoginSession): readonly Row[] | undefined {
    if (type === 'job') return [...this.jobs.values()];
    if (type !== 'login_session') return COLLECTIONS[type]?.(this.backend);
    const timeout = Math.round((this.options.idleExpiryMs ?? 3_600_000) / 1000);
    return [{ id: session.id, user: '1', role_ids: ['1'], idle_timeout: timeout, is_password_change_required: false }];
  }

  private change(
    call: HttpCall,
    at: { type: string; id: string | undefined; action: string | undefined },
    body: Record<string, unknown>,
  ): HttpAnswer {
    const { type, id, action } = at;
    if (call.method === 'POST' && (action === 'attach' || action === 'detach') && id !== undefined) {
      if (type === 'host') return this.map(action, id, textField(body, 'volume_id'), body);
      if (type === 'volume') return this.map(action, textField(body, 'host_id'), id, body);
    }
    if (type === 'host' && action === undefined) {
      if (call.method === 'POST' && id === undefined) return this.createHost(body);
      if (call.method === 'PATCH' && id !== undefined) return this.patchHost(id, body);
      if (call.method === 'DELETE' && id !== undefined) {
        this.orRefuse(this.backend.apply({ kind: 'delete-host', hostId: id }), id);
        return { status: 204 };
      }
    }
    throw new PowerStoreRefusal(405, CODES.notAllowed, 'The operation is not allowed on this resource');
  }

  private createHost(body: Record<string, unknown>): HttpAnswer {
    const name = textField(body, 'name');
    const osType = textField(body, 'os_type');
    if (name.length > 128) throw badRequest('name is too long');
    if (!OS_TYPES.has(osType)) throw badRequest('Invalid os_type');
    const initiators = readInitiators(body['initiators']);
    if (initiators.length === 0) throw badRequest('initiators is required');
    const made = this.backend.createHost({ name, osType, initiators });
    if (typeof made === 'string') throw refusalOf(made, name);
    return json(201, { id: made.id });
  }

  private patchHost(id: string, body: Record<string, unknown>): HttpAnswer {
    const changes: ArrayHostChange[] = [];
    if (body['add_initiators'] !== undefined) {
      changes.push({ kind: 'add-initiators', initiators: readInitiators(body['add_initiators']) });
    }
    if (body['remove_initiators'] !== undefined) {
      changes.push({ kind: 'remove-initiators', portNames: readTexts(body['remove_initiators']) });
    }
    if (body['name'] !== undefined) changes.push({ kind: 'rename', name: textField(body, 'name') });
    const lists = ['add_initiators', 'modify_initiators', 'remove_initiators'].filter((key) => body[key] !== undefined);
    if (lists.length > 1) throw badRequest('Only one of add, modify and remove initiators may be given');
    if (changes.length === 0 && lists.length === 0 && body['description'] === undefined) {
      throw badRequest('Nothing to change');
    }
    if (!this.backend.hosts().some((host) => host.id === id)) throw refusalOf('no-such-host', id);
    for (const change of changes) this.orRefuse(this.backend.changeHost(id, change), id);
    return { status: 204 };
  }

  private map(
    action: 'attach' | 'detach',
    hostId: string,
    volumeId: string,
    body: Record<string, unknown>,
  ): HttpAnswer {
    if (action === 'detach') {
      this.orRefuse(this.backend.apply({ kind: 'detach', hostId, volumeId }), volumeId);
      return { status: 204 };
    }
    const lun = body['logical_unit_number'];
    if (lun !== undefined && !(Number.isInteger(lun) && (lun as number) >= 0 && (lun as number) <= LUN_MAX)) {
      throw badRequest('Invalid logical_unit_number');
    }
    const wanted = lun === undefined ? {} : { lun: lun as number };
    this.orRefuse(this.backend.apply({ kind: 'attach', hostId, volumeId, ...wanted }), volumeId);
    return { status: 204 };
  }

  /** Work is done at once; the job only tells so, as a job of an idle array would a moment later. */
  private asJob(done: HttpAnswer): HttpAnswer {
    const id = Buffer.from(this.options.random.bytes(12)).toString('hex');
    const result = done.body === undefined ? null : tryJson(done.body);
    this.jobs.set(id, {
      id,
      state: 'COMPLETED',
      progress_percentage: 100,
      response_status: done.status,
      response_body: result,
    });
    return json(202, { id });
  }

  private orRefuse(reason: Parameters<typeof refusalOf>[0] | undefined, subject: string): void {
    if (reason !== undefined) throw refusalOf(reason, subject);
  }
}

function json(status: number, content: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}

function textField(body: Record<string, unknown>, key: string): string {
  const value = body[key];
  if (typeof value !== 'string' || value === '') throw badRequest(`${key} is required`);
  return value;
}

function readTexts(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw badRequest('A list of names is needed');
  return value;
}

function readInitiators(value: unknown): ArrayInitiator[] {
  if (!Array.isArray(value)) throw badRequest('initiators must be a list');
  return value.map((item: unknown) => {
    if (!isRecord(item)) throw badRequest('Malformed initiator');
    const [portName, portType] = [textField(item, 'port_name').toLowerCase(), item['port_type']];
    if (portType !== 'FC' && portType !== 'iSCSI') throw badRequest('Invalid port_type');
    const fits = portType === 'FC' ? /^[0-9a-f]{2}(:[0-9a-f]{2}){7}$/ : /^(iqn|eui|naa)\./;
    if (!fits.test(portName)) throw badRequest(`Invalid port_name for ${portType}`);
    return { portName, portType };
  });
}
