import { fileURLToPath } from 'node:url';
import { ManualClock } from '@rackwright/kernel';
import { watchInvariants } from '../checkers/index.js';
import { buildWorld, loadSiteFile } from '../site/index.js';
import { World, type ServerState } from '../world/index.js';

/** Path of a site file that comes with this library: `small` or `default`. */
export function shippedSite(name: 'small' | 'default'): string {
  return fileURLToPath(new URL(`../../sites/${name}.yaml`, import.meta.url));
}

/** The small site on a manual clock, watched by every checker. */
export function aSmallWorld(options: { readonly seed?: number } = {}): {
  world: World;
  clock: ManualClock;
  checkers: ReturnType<typeof watchInvariants>;
} {
  const clock = new ManualClock();
  const world = new World(buildWorld(loadSiteFile(shippedSite('small')), options.seed), clock);
  return { world, clock, checkers: watchInvariants(world) };
}

export const WWPN_A = '20:00:0a:00:00:00:00:01';
export const TEST_ACTOR = 'test';

/** The server by name, with a clear failure when there is none. */
export function serverOf(world: World, name: string): ServerState {
  return world.power.server(name);
}

/** Makes a volume reachable for a WWPN on fabric A: zone and mask, as a control plane would. */
export function zoneAndMask(world: World, wwpn: string, volume: string): void {
  const array = world.arrays.array('array-1');
  const target = array.targets.find((each) => each.id === 'fc-a0');
  const fabric = world.fabrics.fabric('fabric-a');
  const zone = `rw_${wwpn.replaceAll(':', '')}`;
  world.fabrics.stage('fabric-a', TEST_ACTOR, (draft) => {
    draft.zones[zone] = { type: 'zone', members: [wwpn, target?.name ?? ''], principals: [] };
    draft.configurations['rw_cfg'] = [...(draft.configurations['rw_cfg'] ?? []), zone];
  });
  world.fabrics.save('fabric-a', TEST_ACTOR, { checksum: fabric.checksum, enable: 'rw_cfg' });
  const initiator = { kind: 'fibre-channel', name: wwpn } as const;
  const host = world.arrays.createHost('array-1', { name: zone, initiators: [initiator] }, TEST_ACTOR);
  if (host.ok) world.arrays.map('array-1', host.value.id, { volume, lun: 1 }, TEST_ACTOR);
}

/** Programmes a WWPN and its boot target into the first HBA port of a server and opens its port of fabric A. */
export function giveWwpn(world: World, name: string, wwpn: string): void {
  const server = serverOf(world, name);
  const target = world.arrays.array('array-1').targets.find((each) => each.id === 'fc-a0');
  const bootTargets = [{ kind: 'fibre-channel', target: target?.name ?? '', lun: 1 } as const];
  world.identity.stage(server, 'FC.1-1', { wwpn, wwnn: wwpn.replace(/^20/, '10'), bootTargets }, TEST_ACTOR);
}

export function openSanPort(world: World, name: string, enabled = true): void {
  const cable = world.state.cables.find((each) => each.from.device === name && each.from.port === 'FC.1-1');
  world.fabrics.setPort(cable?.to.device ?? '', cable?.to.port ?? '', { enabled, persistent: true }, TEST_ACTOR);
}
