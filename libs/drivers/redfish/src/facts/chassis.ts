import { at, link, links, samePath, text } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { Resource } from '../protocol/redfish-client.js';
import { realText } from './serial-policy.js';

/** Kinds of chassis that hold several servers or none: their serial and power are not this server's. */
const NOT_THE_SERVER: ReadonlySet<string> = new Set([
  'Enclosure',
  'StorageEnclosure',
  'Rack',
  'Row',
  'Pod',
  'Zone',
  'Shelf',
  'Drawer',
  'Card',
  'Cartridge',
  'Component',
  'Module',
  'Expansion',
  'IPBasedDrive',
  'PowerStrip',
  'Other',
]);

function systemsIn(chassis: Resource): readonly string[] {
  return links(at(chassis.body, 'Links', 'ComputerSystems'));
}

/** The chassis a system sits in: those it links to, and those that link to it. */
export async function chassisOf(
  scope: ReadScope,
  system: Resource,
  isOnlySystem: boolean,
): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  const add = (chassis: Resource | undefined): void => {
    if (chassis && !found.some((other) => samePath(other.uri, chassis.uri))) found.push(chassis);
  };
  for (const uri of links(at(system.body, 'Links', 'Chassis'))) add(await scope.get(uri));
  const root = await scope.client.root(scope.call);
  if (found.length > 0 && !isOnlySystem) return found;
  for (const chassis of await scope.members(link(at(root.body, 'Chassis')))) {
    const systems = systemsIn(chassis);
    const isMine = systems.some((uri) => samePath(uri, system.uri));
    if (isMine || (isOnlySystem && systems.length === 0)) add(chassis);
  }
  return found;
}

/** The one chassis that is this server and no other: its serial and its power draw are the server's own. */
export function ownChassis(chassis: readonly Resource[], system: Resource): Resource | undefined {
  return chassis.find((candidate) => {
    const systems = systemsIn(candidate);
    const sharedWithOthers = systems.some((uri) => !samePath(uri, system.uri));
    return !sharedWithOthers && !NOT_THE_SERVER.has(text(at(candidate.body, 'ChassisType')) ?? '');
  });
}

export interface BoardSerial {
  readonly serial: string;
  readonly from: 'chassis' | 'system';
}

/**
 * The serial by which the machine is known for ever: of its own chassis, else of the system. A profile never rewrites
 * it. Placeholders do not count, a chassis shared by several systems does not either.
 */
export function boardSerialOf(chassis: readonly Resource[], system: Resource): BoardSerial | undefined {
  const own = ownChassis(chassis, system);
  const fromChassis = realText(at(own?.body, 'SerialNumber'));
  if (fromChassis !== undefined) return { serial: fromChassis, from: 'chassis' };
  const fromSystem = realText(at(system.body, 'SerialNumber'));
  return fromSystem === undefined ? undefined : { serial: fromSystem, from: 'system' };
}
