import { endCall, type DeviceCall, type FabricLogin, type SanPortReading } from '@rackwright/driver-core';
import { tryParseWwn, type Wwn } from '@rackwright/kernel';
import type { FosSession } from './fos-client.js';
import { field, flagOf, listOf, numberOf, textOf, textsOf } from './yang-json.js';

export const PORTS_PATH = '/rest/running/brocade-interface/fibrechannel';
const NAME_SERVER_PATH = '/rest/running/brocade-name-server/fibrechannel-name-server';
/** `enabled-state` in words: 2 is online; 6 is disabled (offline by an administrator). */
const ENABLED_STATE_DISABLED = 6;

interface SwitchPort extends SanPortReading {
  readonly wwn: Wwn | undefined;
}

function portOf(value: unknown): SwitchPort {
  const name = textOf(field(value, 'name'));
  const enabled = flagOf(field(value, 'is-enabled-state')) ?? notDisabled(numberOf(field(value, 'enabled-state')));
  if (name === undefined || enabled === undefined) {
    return endCall({ kind: 'unknown', why: 'unparseable', message: 'a port has no name or no state' });
  }
  const persistent = flagOf(field(value, 'persistent-disable')) ?? false;
  return {
    port: name,
    state: enabled ? 'open' : 'closed',
    persistent: enabled ? !persistent : persistent,
    loggedIn: wwnsOf(field(field(value, 'neighbor'), 'wwn')),
    wwn: tryParseWwn(textOf(field(value, 'wwn')) ?? ''),
  };
}

function notDisabled(state: number | undefined): boolean | undefined {
  return state === undefined ? undefined : state !== ENABLED_STATE_DISABLED;
}

function wwnsOf(value: unknown): Wwn[] {
  return textsOf(value).flatMap((text): readonly Wwn[] => {
    const wwn = tryParseWwn(text);
    return wwn === undefined ? [] : [wwn];
  });
}

async function readSwitchPorts(session: FosSession, call: DeviceCall): Promise<readonly SwitchPort[]> {
  return listOf(field(await session.read(PORTS_PATH, call), 'fibrechannel')).map(portOf);
}

/** Ports of this switch (not of the whole fabric). */
export async function readPorts(session: FosSession, call: DeviceCall): Promise<readonly SanPortReading[]> {
  return (await readSwitchPorts(session, call)).map(({ wwn: _wwn, ...reading }) => reading);
}

/** Logins of the whole fabric; the port is named where it is one of this switch. "No entries" comes as 404. */
export async function readLogins(session: FosSession, call: DeviceCall): Promise<readonly FabricLogin[]> {
  const entries = listOf(field(await session.read(NAME_SERVER_PATH, call), 'fibrechannel-name-server'));
  const ports = new Map((await readSwitchPorts(session, call)).map((port) => [port.wwn, port.port]));
  return entries.map((entry) => {
    const wwn = (name: string): Wwn | undefined => tryParseWwn(textOf(field(entry, name)) ?? '');
    const wwpn = wwn('port-name');
    if (wwpn === undefined) return endCall({ kind: 'unknown', why: 'unparseable', message: 'a login has no WWPN' });
    const [wwnn, permanentWwpn, fabricPort] = [wwn('node-name'), wwn('permanent-port-name'), wwn('fabric-port-name')];
    const port = fabricPort === undefined ? undefined : ports.get(fabricPort);
    const fcid = textOf(field(entry, 'port-id'));
    return {
      wwpn,
      ...(wwnn === undefined ? {} : { wwnn }),
      ...(permanentWwpn === undefined ? {} : { permanentWwpn }),
      ...(port === undefined ? {} : { port }),
      ...(fcid === undefined ? {} : { fcid }),
    };
  });
}

/** The body that closes a port for good, or opens it again. */
export function portBody(port: string, want: 'open' | 'closed'): unknown {
  const closed = want === 'closed';
  return { fibrechannel: [{ name: port, 'persistent-disable': closed ? 1 : 0, 'is-enabled-state': !closed }] };
}
