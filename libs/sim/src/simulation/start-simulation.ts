import { join } from 'node:path';
import { type Clock, SystemClock, SystemRandom } from '@rackwright/kernel';
import { watchInvariants, type CheckerOptions, type CheckerSet, type InertQuarantine } from '../checkers/index.js';
import type { Endpoint, Face } from '../face.js';
import { FACES } from '../faces/registry.js';
import { FaultPlan } from '../faults/fault-book.js';
import { buildWorld, loadSiteFile, type SiteFile } from '../site/index.js';
import { World } from '../world/index.js';
import { AccessBook, type NamedDevice } from './access-book.js';
import { estateOf, type EstateDocument } from './estate.js';
import { ScaledClock } from './scaled-clock.js';
import { WorldStore } from './world-store.js';

export interface SimulationOptions extends CheckerOptions {
  /** A site file's path, or its content as parsed. */
  readonly site: string | SiteFile;
  /** Default: a {@link ScaledClock} of `scale`. With a manual clock time passes only when told to. */
  readonly clock?: Clock;
  /** How much faster than real time; default 1. Only without `clock`. */
  readonly scale?: number;
  readonly seed?: number;
  /** Names of the faces to start; default all, `[]` for a world without sockets. */
  readonly faces?: readonly string[];
  /** Keeps the world, addresses and secrets there; absent = everything is new at every start. */
  readonly directory?: string;
  /** One address per device in 127.0.0.0/8. Default: on Linux. */
  readonly ownAddresses?: boolean;
}

/** A running simulated site. */
export interface Simulation {
  readonly world: World;
  readonly clock: Clock;
  readonly site: SiteFile;
  readonly endpoints: readonly Endpoint[];
  readonly faults: FaultPlan;
  readonly checkers: CheckerSet & { readonly inert: InertQuarantine };
  readonly access: AccessBook;
  /** What an operator would know of this site. */
  readonly estate: readonly EstateDocument[];
  endpointOf(kind: Endpoint['kind'], device: string): Endpoint;
  /** Changes the speed of time; only with a {@link ScaledClock}. */
  setScale(scale: number): boolean;
  stop(): Promise<void>;
}

/** Starts a site: world, checkers and faces. Everything is closed again by `stop`. */
export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const site = typeof options.site === 'string' ? loadSiteFile(options.site) : options.site;
  const clock = options.clock ?? new ScaledClock(options.scale ?? 1);
  const store = options.directory === undefined ? undefined : new WorldStore(options.directory);
  const world = new World(store?.load(site.name) ?? buildWorld(site, options.seed), clock);
  const checkers = watchInvariants(world, options);
  store?.follow(world);
  const faults = new FaultPlan();
  const access = await openAccess(world, options);
  const context = {
    world,
    faults,
    access: access.access.bind(access),
    bound: access.bound.bind(access),
  };
  const names = options.faces ?? Object.keys(FACES);
  const faces = names.flatMap((name) => FACES[name]?.(context) ?? []);
  const endpoints: Endpoint[] = [];
  try {
    for (const face of faces) endpoints.push(...(await face.start()));
  } catch (error) {
    await stopAll(faces);
    world.close();
    throw error;
  }
  return {
    world,
    clock,
    site,
    endpoints,
    faults,
    checkers,
    access,
    estate: estateOf({ world, site, endpoints, caPem: access.caPem }),
    endpointOf: (kind, device) => endpointOf(endpoints, kind, device),
    setScale: (scale) => setScale(world, clock, scale),
    stop: async () => {
      await stopAll(faces);
      checkers.stop();
      world.close();
      store?.close(world);
    },
  };
}

function openAccess(world: World, options: SimulationOptions): Promise<AccessBook> {
  const { directory, ownAddresses = process.platform === 'linux' } = options;
  const random = new SystemRandom();
  const where = directory === undefined ? {} : { file: join(directory, 'access.json') };
  return AccessBook.open(devicesOf(world), { ...where, ownAddresses, random }, new SystemClock().now());
}

function devicesOf(world: World): readonly NamedDevice[] {
  const { servers, switches, fabrics, arrays } = world.state;
  const named = (kind: Endpoint['kind'], names: readonly string[]): NamedDevice[] =>
    names.map((name) => ({ kind, name }));
  return [
    ...named('bmc', Object.keys(servers)),
    ...named('switch', Object.keys(switches)),
    ...named(
      'fabric',
      Object.values(fabrics).flatMap((fabric) => Object.keys(fabric.switches)),
    ),
    ...named('array', Object.keys(arrays)),
  ];
}

function endpointOf(endpoints: readonly Endpoint[], kind: Endpoint['kind'], device: string): Endpoint {
  const found = endpoints.find((endpoint) => endpoint.kind === kind && endpoint.device === device);
  if (!found) throw new Error(`no face serves ${kind} ${device}`);
  return found;
}

function setScale(world: World, clock: Clock, scale: number): boolean {
  if (!(clock instanceof ScaledClock)) return false;
  clock.setScale(scale);
  world.core.arm();
  return true;
}

async function stopAll(faces: readonly Face[]): Promise<void> {
  await Promise.all(faces.map((face) => face.stop()));
}
