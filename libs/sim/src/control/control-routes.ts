import { AppError } from '@rackwright/kernel';
import { inventoryOf } from '../checkers/index.js';
import type { FaultRuleInput } from '../faults/fault-book.js';
import type { Simulation } from '../simulation/index.js';
import { plantFault } from './physical-faults.js';
import { z } from 'zod';

/** A request of the control door, decoded. */
export interface ControlRequest {
  /** What stood at the `*`s of the pattern. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ControlRoute {
  readonly verb: 'GET' | 'POST' | 'DELETE';
  readonly pattern: string;
  /** Its result is the JSON answer; undefined is 204. */
  readonly run: (simulation: Simulation, request: ControlRequest) => unknown;
}

const COLLECTIONS = ['servers', 'switches', 'fabrics', 'arrays', 'pdus', 'feeds'] as const;
const scale = z.strictObject({ scale: z.number().positive().max(10_000) });
const EVENTS_DEFAULT = 100;

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  { verb: 'GET', pattern: '/world', run: ({ world }) => ({ ...world.state, timeMs: world.timeMs }) },
  { verb: 'GET', pattern: '/world/inventory', run: ({ world }) => inventoryOf(world) },
  {
    verb: 'GET',
    pattern: '/world/events',
    run: ({ world }, { query }) => world.history().slice(-Number(query.get('last') ?? EVENTS_DEFAULT)),
  },
  { verb: 'GET', pattern: '/world/mutations', run: ({ world }) => world.mutationCounts() },
  { verb: 'GET', pattern: '/world/*', run: collection },
  { verb: 'GET', pattern: '/world/*/*', run: device },
  {
    verb: 'GET',
    pattern: '/endpoints',
    run: ({ endpoints }) => endpoints.map(({ kind, device: name, url }) => ({ kind, device: name, url })),
  },
  { verb: 'GET', pattern: '/estate', run: ({ estate }) => estate },
  { verb: 'GET', pattern: '/checkers', run: checkerStatus },
  {
    verb: 'POST',
    pattern: '/checkers/quarantine/*',
    run: ({ checkers }, { parts }) => checkers.inert.quarantine(parts[0] ?? ''),
  },
  {
    verb: 'DELETE',
    pattern: '/checkers/quarantine/*',
    run: ({ checkers }, { parts }) => checkers.inert.release(parts[0] ?? ''),
  },
  { verb: 'GET', pattern: '/faults', run: ({ faults }) => faults.list() },
  {
    verb: 'POST',
    pattern: '/faults/requests',
    run: ({ faults }, { body }) => ({ id: faults.plan(body as FaultRuleInput) }),
  },
  { verb: 'DELETE', pattern: '/faults/requests/*', run: removeFault },
  { verb: 'POST', pattern: '/faults/physical', run: ({ world }, { body }) => plantFault(world, body) },
  { verb: 'GET', pattern: '/time', run: ({ world }) => ({ timeMs: world.timeMs }) },
  { verb: 'POST', pattern: '/time', run: setScale },
];

function collection({ world }: Simulation, { parts }: ControlRequest): unknown {
  const name = COLLECTIONS.find((each) => each === parts[0]);
  if (!name) throw new AppError('sim.no-such-collection', `the world has ${COLLECTIONS.join(', ')}`);
  return Object.values(world.state[name]);
}

function device(simulation: Simulation, request: ControlRequest): unknown {
  const name = request.parts[1] ?? '';
  const found = (collection(simulation, request) as { readonly name: string }[]).find((each) => each.name === name);
  if (!found) throw new AppError('sim.no-such-device', `there is no ${name} in ${request.parts[0] ?? ''}`);
  return found;
}

function checkerStatus({ checkers, world }: Simulation): unknown {
  const reason = world.core.haltReason;
  return { ...checkers.status(), stopped: reason !== undefined, seed: world.state.seed, reports: checkers.reports };
}

function removeFault({ faults }: Simulation, { parts }: ControlRequest): unknown {
  const id = parts[0] ?? '';
  const fired = faults.firedCount(id);
  faults.remove(id);
  return { id, fired };
}

function setScale(simulation: Simulation, { body }: ControlRequest): unknown {
  const wanted = scale.parse(body);
  if (!simulation.setScale(wanted.scale)) throw new AppError('sim.manual-time', 'this simulation has its own clock');
  return wanted;
}
