import type { Plan, Profile, Run, RunState, RunStep, Server } from '../model.js';

/** A server as the API lists it. */
export function aServer(over: Partial<Server> = {}): Server {
  return {
    id: 'srv_0192f0c1-0000-7000-8000-000000000001',
    name: 'blade-1',
    lifecycle: 'available',
    boardSerial: 'BRD0001',
    site: 'north',
    rack: 'r1',
    position: '4',
    pool: 'blades',
    model: 'PowerEdge M640',
    architecture: 'x86_64',
    cores: 32,
    memoryGiB: 256,
    power: { state: 'off', at: '2026-01-01T07:59:30Z', source: 'redfish' },
    epoch: 1,
    powerFeeds: [],
    ports: [],
    gaps: [],
    ...over,
  };
}

export function aProfile(over: Partial<Profile> = {}): Profile {
  return {
    id: 'prf_0192f0c1-0000-7000-8000-000000000001',
    uuid: '3f1c2f6e-0000-4000-8000-000000000001',
    state: 'ready',
    definition: { name: 'mail-1', group: 'mail', qualification: { architecture: 'x86_64', coresMin: 16 } },
    server: 'blade-1',
    epoch: 3,
    formerHolders: [],
    updatedAt: '2026-01-01T07:00:00Z',
    ...over,
  };
}

export function aPlan(over: Partial<Plan> = {}): Plan {
  return {
    id: 'pln_1',
    state: 'ready',
    title: 'Migrate mail-1 from blade-1 to blade-7',
    request: { kind: 'migrate' },
    source: 'blade-1',
    target: 'blade-7',
    why: [],
    changes: [
      { mark: '!', area: 'power', device: 'blade-1', text: 'power off' },
      { mark: '~', area: 'switch', device: 'leaf-1', text: 'port 7 carries VLAN 20' },
    ],
    reboots: ['blade-1'],
    undo: 'possible until the profile belongs to blade-7',
    expectedMs: 95_000,
    blockedBy: [],
    createdAt: '2026-01-01T08:00:00Z',
    expiresAt: '2026-01-01T09:00:00Z',
    ...over,
  };
}

export function aStep(over: Partial<RunStep> = {}): RunStep {
  return { step: 'reserve', label: 'reserve blade-7', phase: 'forward', state: 'done', attempt: 1, ...over };
}

export function aRun(state: RunState, over: Partial<Run> = {}): Run {
  const isEnded = state === 'done' || state === 'undone';
  return {
    id: 'run_1',
    planId: 'pln_1',
    title: 'Migrate mail-1 to blade-7',
    saga: 'migrate-profile',
    state,
    actor: 'admin',
    startedAt: '2026-01-01T08:00:00Z',
    ...(isEnded ? { endedAt: '2026-01-01T08:01:35Z' } : {}),
    verbs: state === 'stuck' ? ['retry', 'mark-done', 'abandon'] : [],
    pastNoReturn: false,
    steps: [aStep({ startedAt: '2026-01-01T08:00:00Z', endedAt: '2026-01-01T08:00:00.850Z' })],
    ...over,
  };
}
