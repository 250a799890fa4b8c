import type { coordinator, ResultOf, SagaServer, storageIdentity, network } from '@rackwright/contracts';
import type { AssociationPreview } from '../saga-book.js';
import type { Access } from './plan-world.js';

type PlanRequest = coordinator.PlanRequest;
type Change = coordinator.PlanView['changes'][number];
type Port = SagaServer['ports'][number];

/** Everything the changes of a move follow from. */
export interface MoveFacts {
  readonly request: PlanRequest;
  readonly preview: AssociationPreview;
  readonly vnics: ResultOf<typeof network.getVnics>['vnics'];
  readonly storage: ResultOf<typeof storageIdentity.getInitiators>['storage'];
  readonly access: Access;
}

/** What an associate, migrate, disassociate or fence changes, in the order in which it happens. Pure. */
export function associationChanges(facts: MoveFacts): Change[] {
  const { source, target, formerHolders } = facts.preview;
  switch (facts.request.kind) {
    case 'associate':
      return [
        reservation(facts),
        ...formerHolders.flatMap((server) => cutOff(server)),
        ...(target ? prepared(target) : []),
        ...(target ? raised(facts, target) : []),
        ...accessChanges(facts, '+'),
        ...(target ? switchedOn(facts, target) : []),
        committed(facts, target),
      ];
    case 'migrate':
      return [
        reservation(facts),
        ...(target ? prepared(target) : []),
        ...(source ? takenDown(facts, source) : []),
        ...formerHolders.flatMap((server) => cutOff(server)),
        ...(target ? raised(facts, target) : []),
        ...accessChanges(facts, '='),
        ...(target ? switchedOn(facts, target) : []),
        committed(facts, target),
        ...(source ? [change('~', 'inventory', source.name, 'released: carries nothing, available again')] : []),
      ];
    case 'disassociate':
      return [
        reservation(facts),
        change('#', 'inventory', nameOf(facts), 'from here on the run only goes forward'),
        ...(source ? takenDown(facts, source) : []),
        ...formerHolders.flatMap((server) => cutOff(server)),
        ...accessChanges(facts, facts.request.removeAccess ? '-' : '='),
        change('~', 'inventory', nameOf(facts), `on no server any more; ${source?.name ?? 'its server'} is available`),
      ];
    case 'fence':
      return fenced(facts, source);
    default:
      return [];
  }
}

function change(mark: Change['mark'], area: Change['area'], device: string, text: string): Change {
  return { mark, area, device, text };
}

function nameOf({ preview }: MoveFacts): string {
  return preview.profile?.name ?? 'no profile';
}

function reservation(facts: MoveFacts): Change {
  const { source, target, formerHolders, profile } = facts.preview;
  const names = [profile, source, target, ...formerHolders].flatMap((one) => (one ? [one.name] : []));
  return change('~', 'inventory', names[0] ?? 'inventory', `reserve ${names.join(', ')} for this run, raise epochs`);
}

function committed(facts: MoveFacts, target: SagaServer | undefined): Change {
  const name = nameOf(facts);
  return change('#', 'inventory', name, `${name} belongs to ${target?.name ?? 'its server'}: no way back from here`);
}

/** The source of a move: off, cut, proven. */
function takenDown(facts: MoveFacts, server: SagaServer): Change[] {
  return [
    change('!', 'power', server.name, 'switch off: gracefully, then by force, proven by two readings'),
    ...ports(server, '-', closing),
    change('-', 'server', server.name, `take off ${identityText(facts)}`),
  ];
}

/** A server that may still carry the identity: off, closed and cleared before anything else gets it. */
function cutOff(server: SagaServer): Change[] {
  return [
    change('!', 'power', server.name, 'former holder: off, proven by two readings'),
    ...ports(server, '-', closing),
    change('-', 'server', server.name, 'clear every programmed identity'),
  ];
}

/** The target before anything is moved: closed, off, clean. */
function prepared(server: SagaServer): Change[] {
  return [
    ...ports(server, '-', closing),
    change('!', 'power', server.name, 'switch off if it is on; it must show no programmed identity'),
  ];
}

function raised(facts: MoveFacts, server: SagaServer): Change[] {
  return [change('+', 'server', server.name, `programme ${identityText(facts)}, boot from ${bootOf(facts)}`)];
}

function switchedOn(facts: MoveFacts, server: SagaServer): Change[] {
  return [
    ...ports(server, '+', (port) => opening(facts, port)),
    change('!', 'power', server.name, `switch on as ${nameOf(facts)}; identity, logins and boot verified`),
  ];
}

function fenced(facts: MoveFacts, server: SagaServer | undefined): Change[] {
  if (!server) return [];
  return [
    reservation(facts),
    change('#', 'inventory', server.name, 'from here on the run only goes forward'),
    ...ports(server, '-', closing),
    change('!', 'power', server.name, 'force off, proven by two readings'),
    change('-', 'server', server.name, 'clear every programmed identity, applied with the ports closed'),
    change('=', 'fabric', 'all', 'no zoning change'),
    change('=', 'array', 'all', 'no masking change'),
    change('~', 'inventory', server.name, 'quarantined: it stays down until an operator releases it'),
  ];
}

function ports(server: SagaServer, mark: '+' | '-', text: (port: Port) => string | undefined): Change[] {
  return server.ports.flatMap((port) => {
    if (port.device === undefined || port.devicePort === undefined) return [];
    const what = text(port);
    if (what === undefined) return [];
    const area = port.kind === 'ethernet' ? 'switch' : 'fabric';
    return [change(mark, area, port.device, `port ${port.devicePort} (${server.name} ${port.name}): ${what}`)];
  });
}

const closing = (): string => 'close, read back';

function opening({ vnics, storage }: MoveFacts, port: Port): string | undefined {
  if (port.carries === undefined) return undefined;
  if (port.kind === 'fibre-channel') {
    const vhba = storage?.vhbas.find(({ name }) => name === port.carries);
    return `open for ${port.carries}${vhba ? ` (${vhba.wwpn})` : ''}`;
  }
  const vnic = vnics.find(({ name }) => name === port.carries);
  const vlans = [
    ...(vnic?.nativeVlan === undefined ? [] : [`untagged VLAN ${vnic.nativeVlan}`]),
    ...(vnic && vnic.taggedVlans.length > 0 ? [`tagged VLAN ${vnic.taggedVlans.join(', ')}`] : []),
  ];
  return `open for ${port.carries} with ${vlans.length === 0 ? 'no VLAN' : vlans.join(', ')}`;
}

/** Without the UUID: no driver so far finds a machine that lets it be written, and a plan says only what will happen. */
function identityText({ vnics, storage }: MoveFacts): string {
  const parts = [
    ...vnics.map((vnic) => `MAC ${vnic.mac} (${vnic.name})`),
    ...(storage?.vhbas ?? []).map((vhba) => `WWPN ${vhba.wwpn} (${vhba.name})`),
    ...(storage?.iscsi ? [storage.iscsi.initiator] : []),
  ];
  return parts.length === 0 ? 'the identity' : parts.join(', ');
}

function bootOf({ storage }: MoveFacts): string {
  const volume = storage?.volumes.find(({ boot }) => boot);
  return volume ? `volume ${volume.volume} (LUN ${volume.lun} on ${volume.array})` : 'what the server finds';
}

/** Zones and masks follow the WWPN: they change when a profile gets or leaves storage, never when it moves. */
function accessChanges({ access, storage, preview }: MoveFacts, mark: '+' | '-' | '='): Change[] {
  const fabrics = storage?.fabrics ?? preview.profile?.fabrics ?? [];
  if (mark === '=') {
    const masks = access.masks.map(({ host, array }) => `${host} on ${array}`).join(', ');
    return [
      change(
        '=',
        'fabric',
        fabrics.join(', ') || 'all',
        `no zoning change: ${access.zones.length} zone(s) stay as they are`,
      ),
      change('=', 'array', arraysOf(access) || 'all', `no masking change${masks === '' ? '' : `: ${masks} as before`}`),
    ];
  }
  const word = mark === '+' ? 'make' : 'remove';
  const zones = access.zones.map((zone) =>
    change(mark, 'fabric', zone.fabric, `${word} zone ${zone.name} (${zone.members.join(', ')})`),
  );
  const masks = access.masks.map(({ array, host, luns }) => {
    const list = luns.map(({ volume, lun }) => `${volume} as LUN ${lun}`).join(', ');
    return change(mark, 'array', array, `${word} host ${host}${list === '' ? '' : ` with ${list}`}`);
  });
  return [...zones, ...masks];
}

function arraysOf({ masks }: Access): string {
  return [...new Set(masks.map(({ array }) => array))].join(', ');
}

/** Whose machine goes down or comes up, for people. Pure. */
export function rebootsOf({ request, preview }: MoveFacts): string[] {
  const { source, target, profile } = preview;
  const on = (server: SagaServer): string => `${server.name} is switched on${profile ? ` as ${profile.name}` : ''}`;
  const off = (server: SagaServer): string =>
    `${server.name} is switched off${profile ? `: ${profile.name} is down` : ''}`;
  switch (request.kind) {
    case 'associate':
      return target ? [on(target)] : [];
    case 'migrate':
      return [
        ...(source ? [`${off(source)} until it runs on ${target?.name ?? 'the target'}`] : []),
        ...(target ? [on(target)] : []),
      ];
    case 'disassociate':
    case 'fence':
      return source ? [off(source)] : [];
    default:
      return [];
  }
}

const UNDO: Readonly<Record<PlanRequest['kind'], string>> = {
  'define-profile':
    'Goes back by itself when a step fails or you cancel: reservations are released, the definition before is restored.',
  'delete-profile':
    'Identities given back rest; define the profile again to get it back, with other identities unless named.',
  associate:
    'Until the commit it goes back by fencing and clearing the target and taking zones and masks away. Afterwards: disassociate.',
  migrate: 'Until the commit it goes back by a fenced move to the source. Afterwards: migrate again.',
  disassociate:
    'Once the server is being stopped it only goes forward. Afterwards: associate again, the identities are kept.',
  fence: 'Fencing is not taken back by the run: release the server from quarantine when it is checked.',
};

/** How the change is undone, for people. Pure. */
export function undoOf({ kind }: PlanRequest): string {
  return UNDO[kind];
}
