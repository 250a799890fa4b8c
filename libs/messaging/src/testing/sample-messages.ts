import { defineCommand, defineEvent, defineQuery, type ServiceName } from '@rackwright/contracts';
import { z } from 'zod';
import type { ServiceMessages } from '../permissions.js';

/** Messages made up for the tests of this library: `power` keeps marks, `saga-coordinator` asks for them. */
export const setMark = defineCommand({
  service: 'power',
  name: 'set-mark',
  summary: 'Adds one to a counter; a repeat that got through would show.',
  input: z.object({ name: z.string().min(1), padding: z.string().optional() }),
  result: z.object({ name: z.string(), count: z.number() }),
  refusals: { 'mark.full': 'the counter has reached its end' },
});

export const driveDevice = defineCommand({
  service: 'power',
  name: 'drive-device',
  summary: 'Records an operation; its outcome follows later.',
  input: z.object({ device: z.string() }),
  result: z.object({ device: z.string() }),
  effect: 'device',
});

/** What a newer version of `power` would know. */
export const setMarkV2 = defineCommand({ ...setMark, version: 2 });

export const markRead = defineQuery({
  service: 'power',
  name: 'read-mark',
  summary: 'How often a mark was set.',
  input: z.object({ name: z.string() }),
  result: z.object({ count: z.number() }),
});

export const markChanged = defineEvent({
  service: 'power',
  name: 'mark-changed',
  summary: 'A mark was set.',
  data: z.object({ name: z.string(), count: z.number() }),
});

export const SAMPLE_DEFINITIONS = [setMark, setMarkV2, driveDevice, markRead, markChanged];

/** `power` owns the samples, the coordinator uses them, inventory listens, the gateway reads the stream. */
export const SAMPLE_SERVICES: readonly ServiceMessages[] = [
  { service: 'power', definitions: SAMPLE_DEFINITIONS, uses: [] },
  {
    service: 'saga-coordinator',
    definitions: SAMPLE_DEFINITIONS,
    uses: [setMark, setMarkV2, driveDevice, markRead],
    discovers: true,
  },
  { service: 'inventory', definitions: SAMPLE_DEFINITIONS, uses: [], listensTo: [markChanged] },
  { service: 'gateway', definitions: SAMPLE_DEFINITIONS, uses: [], readsEvents: true },
];

/** Typed shorthand for specs. */
export const COORDINATOR: ServiceName = 'saga-coordinator';
