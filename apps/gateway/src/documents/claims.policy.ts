import { referencesOf, type RackDocument } from '@rackwright/documents';
import { keyOf, type Existing } from './existing.policy.js';

export interface Finding {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** Something only one object may have. */
interface Claim {
  readonly on: string;
  readonly path: string;
  readonly code: string;
  readonly what: string;
}

type Fields = Readonly<Record<string, unknown>>;

function listIn(spec: Fields, field: string): Fields[] {
  return Array.isArray(spec[field]) ? (spec[field] as Fields[]) : [];
}

/** What an object claims for itself alone. Pure. */
function claimsOf({ kind, spec }: Pick<Existing, 'kind' | 'spec'>): Claim[] {
  const claims: Claim[] = [];
  const claim = (value: unknown, path: string, code: string, what: string): void => {
    if (value !== undefined && value !== null) claims.push({ on: `${what} ${String(value)}`, path, code, what });
  };
  switch (kind) {
    case 'Network':
      claim(spec['vlan'], '/spec/vlan', 'vlan-taken', 'VLAN');
      break;
    case 'Switch':
    case 'Fabric':
    case 'Array':
    case 'Bmc':
      claim(spec['address'], '/spec/address', 'address-taken', `${kind} address`);
      break;
    case 'Volume':
      claim(`${String(spec['array'])}:${String(spec['arrayVolume'])}`, '/spec/arrayVolume', 'volume-taken', 'volume');
      break;
    case 'Server':
      claim(spec['boardSerial'], '/spec/boardSerial', 'serial-taken', 'board serial');
      claim(spec['bmc'], '/spec/bmc', 'serial-taken', 'machine of BMC');
      listIn(spec, 'cabling').forEach((end, index) =>
        claim(
          `${String(end['devicePort'])} of ${String(end['device'])}`,
          `/spec/cabling/${index}/devicePort`,
          'port-cabled-twice',
          'port',
        ),
      );
      break;
    case 'ServerProfile':
      claim(spec['uuid'], '/spec/uuid', 'uuid-taken', 'UUID');
      listIn(spec, 'vnics').forEach((vnic, index) => {
        claim(vnic['mac'], `/spec/vnics/${index}/mac`, 'mac-taken', 'MAC');
        const bare = typeof vnic['address'] === 'string' ? vnic['address'].split('/')[0] : undefined;
        if (vnic['native'] !== undefined && bare !== undefined)
          claim(`${bare} in ${String(vnic['native'])}`, `/spec/vnics/${index}/address`, 'address-taken', 'address');
      });
      listIn(spec, 'vhbas').forEach((vhba, index) => {
        claim(vhba['wwpn'], `/spec/vhbas/${index}/wwpn`, 'wwn-taken', 'WWN');
      });
      break;
    case 'Site':
    case 'ServerPool':
    case 'NetworkSet':
    case 'MacPool':
    case 'WwnPool':
    case 'IqnPool':
      break;
  }
  return claims;
}

/** The world as it would be: what exists, with the documents of the stream in place of what they change. Pure. */
export function worldAfter(world: Iterable<Existing>, documents: readonly RackDocument[]): Map<string, Existing> {
  const after = new Map([...world].map((item) => [keyOf(item.kind, item.name), item]));
  for (const document of documents) {
    const { kind, metadata, spec } = document;
    const key = keyOf(kind, metadata.name);
    const renamed = kind === 'Server' ? sameMachine(after.values(), document) : undefined;
    if (renamed !== undefined && !documents.some((other) => keyOf(other.kind, other.metadata.name) === renamed))
      after.delete(renamed);
    after.set(key, { ...after.get(key), kind, name: metadata.name, group: metadata.group, spec: { ...spec } });
  }
  return after;
}

/** Key of the server with the serial of the document: a machine is known by its serial, whatever it was called. Pure. */
export function sameMachine(world: Iterable<Existing>, document: RackDocument): string | undefined {
  if (document.kind !== 'Server') return undefined;
  for (const { kind, name, spec } of world) {
    if (kind === 'Server' && spec['boardSerial'] === document.spec.boardSerial) return keyOf(kind, name);
  }
  return undefined;
}

/** Who claims what in a world. Pure. */
export function claimants(world: Iterable<Existing>): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const item of world) {
    for (const { on } of claimsOf(item)) owners.set(on, [...(owners.get(on) ?? []), `${item.kind} ${item.name}`]);
  }
  return owners;
}

/** Claims of a document that somebody else has too, or that it makes twice itself. Pure. */
export function clashesOf(document: RackDocument, owners: ReadonlyMap<string, readonly string[]>): Finding[] {
  const self = `${document.kind} ${document.metadata.name}`;
  return claimsOf({ kind: document.kind, spec: { ...document.spec } }).flatMap(({ on, path, code }) => {
    const all = owners.get(on) ?? [];
    const other = all.find((owner) => owner !== self) ?? (all.length > 1 ? self : undefined);
    if (other === undefined) return [];
    return [{ path, code, message: other === self ? `${on} is given twice` : `${other} has ${on}` }];
  });
}

/** References of a document to what is neither in the stream nor there. Pure. */
export function danglingOf(document: RackDocument, world: ReadonlyMap<string, Existing>): Finding[] {
  return referencesOf(document)
    .filter(({ kinds, name }) => !kinds.some((kind) => world.has(keyOf(kind, name))))
    .map(({ kinds, name, path }) => ({
      path,
      code: kinds.length > 1 ? 'unknown-device' : `unknown-${kebab(kinds[0] ?? 'object')}`,
      message: `there is no ${kinds.join(' or ')} ${name}`,
    }));
}

function kebab(kind: string): string {
  const word = kind.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
  return word === 'server-pool' ? 'pool' : word;
}

/** VLANs where closed ports rest and VLANs of networks must not meet. Pure. */
export function parkingClashes(document: RackDocument, world: ReadonlyMap<string, Existing>): Finding[] {
  if (document.kind === 'Network') {
    const parked = [...world.values()].find(
      (item) => item.kind === 'Switch' && item.spec['parkingVlan'] === document.spec.vlan,
    );
    if (parked === undefined) return [];
    const message = `VLAN ${document.spec.vlan} is where closed ports of switch ${parked.name} rest`;
    return [{ path: '/spec/vlan', code: 'vlan-parked', message }];
  }
  if (document.kind !== 'Switch') return [];
  const used = [...world.values()].find(
    (item) => item.kind === 'Network' && item.spec['vlan'] === document.spec.parkingVlan,
  );
  if (used === undefined) return [];
  const message = `network ${used.name} has VLAN ${document.spec.parkingVlan}; closed ports must rest where nobody is`;
  return [{ path: '/spec/parkingVlan', code: 'parking-vlan-in-use', message }];
}
