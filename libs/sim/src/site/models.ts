import type { PersistencePolicy, ServerModel } from '../world/index.js';

/** Adapters that keep everything over every kind of power loss. */
const KEEPS_ALL: PersistencePolicy = {
  optimisation: true,
  auxPowered: ['warm-reset', 'cold-reset', 'ac-loss'],
  nonAuxPowered: ['warm-reset', 'cold-reset', 'ac-loss'],
  initiator: ['warm-reset', 'cold-reset', 'ac-loss'],
  storageTarget: ['warm-reset', 'cold-reset', 'ac-loss'],
};

/** Dell's factory defaults but for the switch itself: HBAs lose virtual addresses at every cold boot. */
const DELL_DEFAULTS: PersistencePolicy = {
  ...KEEPS_ALL,
  auxPowered: ['warm-reset', 'cold-reset'],
  nonAuxPowered: ['warm-reset'],
};

const POST_STEPS = [
  'PrimaryProcessorInitializationStarted',
  'MemoryInitializationStarted',
  'PCIResourceConfigStarted',
  'SystemHardwareInitializationComplete',
] as const;

const XEON = { count: 2, model: 'Intel(R) Xeon(R) Gold 6338', cores: 32, threads: 64 } as const;
const EPYC = { count: 2, model: 'AMD EPYC 7543', cores: 32, threads: 64 } as const;

/** Vendor profiles as data; a site file may add its own or change these by name. */
export const BUILT_IN_MODELS: readonly ServerModel[] = [
  {
    name: 'dell-blade',
    flavour: 'dell',
    manufacturer: 'Dell Inc.',
    model: 'PowerEdge MX750c',
    architecture: 'x86-64',
    processors: XEON,
    memoryGiB: 256,
    biosVersion: '1.8.2',
    bmc: { model: '15G Modular', firmware: '6.10.30.00' },
    timings: timings({ postMs: 120_000, powerOffMs: 4_000, reportLagMs: 2_000 }),
    bootProgress: [],
    showsTransitions: false,
    gracefulShutdown: 'honours',
    identity: 'dell-oem',
    persistence: DELL_DEFAULTS,
    sessions: { max: 8, timeoutMs: 1_800_000 },
    watts: { standby: 15, idle: 180, busy: 420 },
    localSystem: false,
    powerRestore: 'previous',
  },
  {
    name: 'hpe-rack',
    flavour: 'hpe',
    manufacturer: 'HPE',
    model: 'ProLiant DL380 Gen10',
    architecture: 'x86-64',
    processors: XEON,
    memoryGiB: 384,
    biosVersion: 'U30 v2.72',
    bmc: { model: 'iLO 5', firmware: 'iLO 5 v2.72' },
    timings: timings({ postMs: 150_000, powerOffMs: 5_000, reportLagMs: 1_000, resetGapMs: 3_000 }),
    bootProgress: POST_STEPS,
    showsTransitions: true,
    gracefulShutdown: 'honours',
    identity: 'standard',
    persistence: KEEPS_ALL,
    sessions: { max: 10, timeoutMs: 1_800_000 },
    watts: { standby: 18, idle: 210, busy: 520 },
    localSystem: false,
    powerRestore: 'previous',
  },
  {
    name: 'generic-rack',
    flavour: 'generic',
    manufacturer: 'Contoso',
    model: '3500RX',
    architecture: 'x86-64',
    processors: EPYC,
    memoryGiB: 512,
    biosVersion: 'P79 v1.45',
    bmc: { model: 'Joo Janta 200', firmware: '1.45.455b66-rev4' },
    timings: timings({ postMs: 90_000, powerOffMs: 3_000, reportLagMs: 1_000 }),
    bootProgress: POST_STEPS,
    showsTransitions: true,
    gracefulShutdown: 'honours',
    identity: 'standard',
    persistence: KEEPS_ALL,
    sessions: { max: 16, timeoutMs: 600_000 },
    watts: { standby: 12, idle: 160, busy: 480 },
    localSystem: false,
    powerRestore: 'always-off',
  },
  {
    name: 'openbmc-rack',
    flavour: 'openbmc',
    manufacturer: 'OpenPOWER',
    model: 'Witherspoon',
    architecture: 'ppc64',
    processors: { count: 2, model: 'POWER9', cores: 20, threads: 80 },
    memoryGiB: 512,
    biosVersion: 'IBM-witherspoon-OP9-v2.4',
    bmc: { model: 'OpenBmc', firmware: '2.14.0' },
    timings: timings({ postMs: 180_000, powerOffMs: 6_000, reportLagMs: 500 }),
    bootProgress: POST_STEPS,
    showsTransitions: true,
    gracefulShutdown: 'honours',
    identity: 'standard',
    persistence: KEEPS_ALL,
    sessions: { max: 64, timeoutMs: 1_800_000 },
    watts: { standby: 20, idle: 300, busy: 900 },
    localSystem: false,
    powerRestore: 'always-off',
  },
];

function timings(some: Partial<ServerModel['timings']>): ServerModel['timings'] {
  return {
    powerOnMs: 3_000,
    postMs: 90_000,
    osBootMs: 30_000,
    powerOffMs: 3_000,
    gracefulMs: 20_000,
    reportLagMs: 1_000,
    resetGapMs: 0,
    ...some,
  };
}
