import { isRecord, type HttpCall } from '../device-http.js';
import type { FcSwitchInfo, StoredZone, ZoneEdit } from './fabric-backend.js';
import { invalidUri, restError, zoneError } from './fos-error.js';
import {
  expunge,
  KEY_OF,
  patch,
  post,
  readObjects,
  remove,
  type PatchMode,
  type ZoneObjectKind,
} from './zone-edits.js';
import type { ZoneTransactions } from './zone-transaction.js';

/** What a resource answers: the content of `Response`, or nothing. */
export interface Reply {
  readonly status: number;
  readonly content?: Record<string, unknown>;
}

export interface ZoneRequest {
  readonly call: HttpCall;
  /** Path below `brocade-zone` or `zoning`. */
  readonly rest: readonly string[];
  readonly body: unknown;
}

const ZONE_TYPE_NUMBER = { zone: 0, 'user-created-peer-zone': 1, 'target-created-peer-zone': 2 } as const;
const KINDS: readonly ZoneObjectKind[] = ['cfg', 'zone', 'alias'];

/** The `brocade-zone` module: defined and effective configuration, and the fabric lock (9.0 and later). */
export class ZoneResource {
  constructor(
    private readonly zoning: ZoneTransactions,
    private readonly info: () => FcSwitchInfo,
    private readonly patchMode: PatchMode,
  ) {}

  handle(request: ZoneRequest): Reply {
    const [head, ...rest] = request.rest;
    if (head === 'defined-configuration') return this.defined({ ...request, rest });
    if (head === 'effective-configuration') return this.effective({ ...request, rest });
    if (head === 'fabric-lock' && request.call.method === 'GET' && !this.info().firmware.startsWith('v8')) {
      return { status: 200, content: { 'fabric-lock': this.lock() } };
    }
    throw invalidUri();
  }

  /** `POST /rest/operations/zone`: only `expunge` is simulated. */
  operate(body: unknown, call: HttpCall): Reply {
    const parameters = isRecord(body) ? (body['zone-operation-parameters'] ?? body) : undefined;
    const items = Array.isArray(parameters) ? (parameters as unknown[]) : [parameters];
    for (const item of items) {
      if (!isRecord(item) || item['action'] !== 'expunge' || typeof item['zone-object'] !== 'string') {
        throw zoneError('Unsupported zone operation');
      }
      const name = item['zone-object'];
      this.zoning.stage((edit) => expunge(edit, name), call.fault);
    }
    return { status: 204 };
  }

  private defined({ call, rest, body }: ZoneRequest): Reply {
    const [kindText, keyWord, name, extra] = rest;
    const kind = KINDS.find((each) => each === kindText);
    if (kindText !== undefined && kind === undefined) throw invalidUri();
    if (keyWord !== undefined && (kind === undefined || keyWord !== KEY_OF[kind] || name === undefined || extra)) {
      throw invalidUri();
    }
    if (call.method === 'GET') return readDefined(this.zoning.defined(), kind, name);
    const objects = readObjects(body ?? (name === undefined ? undefined : {}), kind, name);
    const apply = (edit: ZoneEdit): void => {
      for (const object of objects) {
        if (call.method === 'POST') post(edit, object);
        else if (call.method === 'PATCH') patch(edit, object, this.patchMode);
        else if (call.method === 'DELETE') remove(edit, object);
        else throw restError(405, 'Method not allowed', 4, 'operation-not-supported');
      }
    };
    this.zoning.stage(apply, call.fault);
    return { status: call.method === 'POST' ? 201 : 204 };
  }

  private effective({ call, rest, body }: ZoneRequest): Reply {
    if (call.method === 'GET') {
      const all = this.readEffective();
      const [leaf] = rest;
      if (leaf === undefined) return { status: 200, content: { 'effective-configuration': all } };
      if (all[leaf] === undefined) throw restError(404, 'No entries', 6, 'data-missing');
      return { status: 200, content: { 'effective-configuration': { [leaf]: all[leaf] } } };
    }
    if (call.method !== 'PATCH') throw restError(405, 'Method not allowed', 4, 'operation-not-supported');
    const wanted = readEffectivePatch(rest, body);
    if (wanted.cfgName !== undefined && wanted.action === undefined) {
      this.zoning.commit({ checksum: wanted.checksum, enable: wanted.cfgName }, call.fault);
    } else if (wanted.action === 1) this.zoning.commit({ checksum: wanted.checksum }, call.fault);
    else if (wanted.action === 2) this.zoning.commit({ checksum: wanted.checksum, disable: true }, call.fault);
    else if (wanted.action === 3) this.zoning.clear(call.fault);
    else if (wanted.action === 4) this.zoning.abort();
    else throw zoneError('Invalid cfg-action', '/effective-configuration/');
    return { status: 204 };
  }

  private readEffective(): Record<string, unknown> {
    const db = this.zoning.committed();
    const sizes = this.zoning.sizes();
    const open = this.zoning.open();
    return {
      ...(db.effectiveCfg === undefined ? {} : { 'cfg-name': db.effectiveCfg }),
      checksum: this.zoning.checksum(),
      'default-zone-access': db.defaultZoneAccess === 'all' ? 1 : 0,
      'db-max': this.zoning.dbMaxBytes,
      'db-avail': sizes.available,
      'db-committed': sizes.committed,
      'db-transaction': sizes.transaction,
      'transaction-token': open && open.owned !== 'elsewhere' ? open.token : 0,
      'db-chassis-wide-committed': sizes.committed,
      ...(db.enabledZones.length === 0 ? {} : { 'enabled-zone': db.enabledZones.map(zoneView) }),
    };
  }

  private lock(): Record<string, unknown> {
    const lock = this.zoning.open();
    if (!lock) return { 'lock-principal-domain-id': 0 };
    const seconds = (durationMs: number): number => Math.max(1, Math.ceil(durationMs / 1000));
    return {
      'lock-principal-domain-id': lock.domainId,
      'lock-principal-transaction-token': lock.token,
      timeout: seconds(lock.timeoutMs),
      'remaining-time': seconds(lock.remainingMs),
      'client-role': 'admin',
      'client-user-name': lock.user,
      'client-ip-address': 'none',
      'client-interface': lock.owned === 'local' ? 'rest' : 'ssh',
      'client-application-name': '',
    };
  }
}

interface EffectivePatch {
  readonly checksum: unknown;
  readonly cfgName?: string;
  readonly action?: number;
}

/** Both ways to say it: everything in the body, or the verb at the end of the path and the checksum in the body. */
function readEffectivePatch([leaf, value]: readonly string[], body: unknown): EffectivePatch {
  const inner = isRecord(body) && isRecord(body['effective-configuration']) ? body['effective-configuration'] : body;
  const fields = isRecord(inner) ? { ...inner } : {};
  if (leaf === 'cfg-name' || leaf === 'cfg-action') fields[leaf] = value;
  else if (leaf !== undefined) throw invalidUri();
  const action = fields['cfg-action'] === undefined ? undefined : Number(fields['cfg-action']);
  const cfgName = fields['cfg-name'] === undefined ? undefined : String(fields['cfg-name']);
  return {
    checksum: fields['checksum'],
    ...(cfgName === undefined ? {} : { cfgName }),
    ...(action === undefined ? {} : { action }),
  };
}

function readDefined(edit: ZoneEdit, kind: ZoneObjectKind | undefined, name: string | undefined): Reply {
  const views = {
    cfg: Object.entries(edit.cfgs).map(([cfg, zones]) => ({ 'cfg-name': cfg, 'member-zone': { 'zone-name': zones } })),
    zone: Object.values(edit.zones).map(zoneView),
    alias: Object.entries(edit.aliases).map(([alias, members]) => ({
      'alias-name': alias,
      'member-entry': { 'alias-entry-name': members },
    })),
  };
  if (kind === undefined) {
    const present = Object.fromEntries(Object.entries(views).filter(([, list]) => list.length > 0));
    return { status: 200, content: { 'defined-configuration': present } };
  }
  const all: Record<string, unknown>[] = views[kind];
  const list = name === undefined ? all : all.filter((view) => view[KEY_OF[kind]] === name);
  if (list.length === 0)
    throw restError(404, name === undefined ? 'No entries' : `"${name}" not found`, 6, 'data-missing');
  return { status: 200, content: { [kind]: list } };
}

function zoneView(zone: StoredZone): Record<string, unknown> {
  return {
    'zone-name': zone.name,
    'zone-type': ZONE_TYPE_NUMBER[zone.type],
    'zone-type-string': zone.type,
    'member-entry': {
      ...(zone.members.length === 0 ? {} : { 'entry-name': zone.members }),
      ...(zone.principals.length === 0 ? {} : { 'principal-entry-name': zone.principals }),
    },
  };
}
