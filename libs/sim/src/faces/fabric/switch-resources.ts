import { isRecord } from '../device-http.js';
import type { FabricBackend, FcPort } from './fabric-backend.js';
import { FosRefusal, invalidUri, restError } from './fos-error.js';
import { listOf } from './zone-edits.js';
import type { Reply } from './zone-resource.js';

/** `fibrechannel-switch`: name, domain and firmware of this switch. */
export function switchView(backend: FabricBackend): Record<string, unknown> {
  const info = backend.switchInfo();
  return {
    name: info.wwn,
    'domain-id': info.domainId,
    'user-friendly-name': info.name,
    'fcid-hex': `0xfffc${info.domainId.toString(16).padStart(2, '0')}`,
    'vf-id': 128,
    'is-enabled-state': true,
    'operational-status-string': 'online',
    model: info.model,
    'firmware-version': info.firmware,
  };
}

export function chassisView(backend: FabricBackend): Record<string, unknown> {
  const info = backend.switchInfo();
  return {
    'chassis-user-friendly-name': info.name,
    'chassis-wwn': info.wwn,
    'serial-number': info.serial,
    manufacturer: 'Brocade Communications Systems LLC',
    'vf-enabled': false,
    'vf-supported': true,
    'chassis-enabled': true,
  };
}

/** The whole fabric's logins, filtered by `port-id`, `port-name` and `node-name`; none is 404, not an empty list. */
export function nameServerReply(backend: FabricBackend, query: URLSearchParams): Reply {
  const rows = backend.nameServer().map((entry) => ({
    'port-id': entry.fcid,
    'port-name': entry.wwpn,
    'port-symbolic-name': '',
    'fabric-port-name': entry.fabricPortWwn,
    'permanent-port-name': entry.permanentWwpn,
    'node-name': entry.wwnn,
    'class-of-service': '3',
    'fc4-type': 'FCP',
    'port-type': 'n-port',
    'name-server-device-type': `${entry.wwpn === entry.permanentWwpn ? 'Physical' : 'NPIV'} ${
      entry.role === 'initiator' ? 'Initiator' : 'Target'
    }`,
    'port-index': entry.portIndex,
  }));
  const keys = ['port-id', 'port-name', 'node-name'] as const;
  const found = rows.filter((row) => keys.every((key) => (query.get(key) ?? row[key]).toLowerCase() === row[key]));
  if (found.length === 0) throw restError(404, 'No entries in Name Server', 6, 'data-missing');
  return { status: 200, content: { 'fibrechannel-name-server': found } };
}

function portView(port: FcPort): Record<string, unknown> {
  const up = port.enabled && port.linkUp;
  return {
    name: port.name,
    wwn: port.wwn,
    'operational-status': up ? 2 : 3,
    'operational-status-string': up ? 'online' : 'offline',
    'enabled-state': port.enabled ? 2 : 6,
    'is-enabled-state': port.enabled,
    'user-friendly-name': `port${port.index}`,
    'persistent-disable': port.persistentlyDisabled ? 1 : 0,
    'npiv-enabled': 1,
    'default-index': port.index,
    'physical-state': up ? 'online' : port.enabled ? 'no_light' : 'offline',
    'port-type-string': up ? 'f-port' : 'u-port',
    ...(port.loggedIn.length > 0 ? { neighbor: { wwn: port.loggedIn } } : {}),
  };
}

/** `brocade-interface/fibrechannel`, the list or one port by `name/{slot/port}`. */
export function readPorts(backend: FabricBackend, key: readonly string[]): Reply {
  const name = portKey(key);
  const ports = backend.ports().filter((port) => name === undefined || port.name === name);
  if (ports.length === 0) throw restError(404, 'No entries', 6, 'data-missing');
  return { status: 200, content: { fibrechannel: ports.map(portView) } };
}

/** PATCH of ports: `persistent-disable` closes for good and opens again, `is-enabled-state` only until the next restart. */
export function patchPorts(backend: FabricBackend, key: readonly string[], body: unknown): Reply {
  const inUri = portKey(key);
  const items = listOf(isRecord(body) ? (body['fibrechannel'] ?? body) : undefined);
  if (items.length === 0) throw portError('The request holds no port');
  for (const item of items) {
    if (!isRecord(item)) throw portError('Malformed port');
    const port = backend.ports().find((each) => each.name === (inUri ?? item['name']));
    if (!port) throw portError('Invalid port');
    const persistent = item['persistent-disable'];
    const enabled = item['is-enabled-state'] ?? enabledWord(item['enabled-state']);
    if (persistent === undefined && enabled === undefined) throw portError('Nothing to change');
    const disabled = persistent === undefined ? port.persistentlyDisabled : Number(persistent) === 1;
    // portcfgpersistentenable brings the port up; portenable alone cannot lift a persistent disable.
    const up =
      enabled === undefined ? (persistent === undefined ? port.enabled : !disabled) : String(enabled) === 'true';
    if (up && disabled) throw portError('The port is persistently disabled');
    backend.setPort(port.name, { enabled: up, persistentlyDisabled: disabled });
  }
  return { status: 204 };
}

/** `name/0%2F3` is one segment after decoding; clients that do not encode the slash send two. */
function portKey([word, ...rest]: readonly string[]): string | undefined {
  if (word === undefined) return undefined;
  if (word !== 'name' || rest.length === 0 || rest.length > 2) throw invalidUri();
  return rest.join('/');
}

function enabledWord(value: unknown): boolean | undefined {
  return value === undefined ? undefined : Number(value) === 2;
}

function portError(message: string): FosRefusal {
  return new FosRefusal({
    status: 400,
    type: 'protocol',
    tag: 'Operation-failed',
    message,
    code: -1,
    module: 'interface',
    path: '/fibrechannel/',
  });
}
