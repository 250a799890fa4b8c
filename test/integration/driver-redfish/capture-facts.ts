import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  OPEN_GATE,
  type DeviceCall,
  type DeviceIdentity,
  type HardwareFacts,
  type ReadResult,
} from '@rackwright/driver-core';
import { createRedfishDriver } from '@rackwright/driver-redfish';
import { SystemClock } from '@rackwright/kernel';
import { serveCapture } from '@rackwright/sim/capture';

/** What the driver found behind one capture: every system's facts, or why there are none. */
export interface CaptureFindings {
  readonly capture: string;
  readonly identity: DeviceIdentity | string;
  readonly systems: readonly { readonly system: string; readonly facts: HardwareFacts }[];
  /** Code of the refusal where no server stands behind the device. */
  readonly refused?: string;
}

export const CAPTURE_CREDENTIAL = { username: 'operator', password: 'correct horse' };

/** Names of the captures in a folder: every sub-folder that holds a service root. */
export function captureNames(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => statSync(join(folder, name)).isDirectory() && name !== 'golden')
    .sort();
}

export function callWithin(budgetMs: number): DeviceCall {
  const clock = new SystemClock();
  return { gate: OPEN_GATE, clock, deadline: new Date(clock.now().getTime() + budgetMs) };
}

function valueOf<T>(result: ReadResult<T>): T | undefined {
  return result.kind === 'done' ? result.observed.value : undefined;
}

/** Serves the capture over TLS and has the real driver discover everything behind it. */
export async function discoverCapture(folder: string, capture: string): Promise<CaptureFindings> {
  const server = await serveCapture({ folder: join(folder, capture), credential: CAPTURE_CREDENTIAL });
  const endpoint = {
    address: server.url,
    credential: CAPTURE_CREDENTIAL,
    trust: { kind: 'pin' as const, sha256: server.certificate.sha256 },
  };
  const finder = createRedfishDriver({ endpoint });
  try {
    const call = callWithin(60_000);
    const identified = await finder.identify(call);
    const uris = valueOf(await finder.listSystems(call)) ?? [];
    const systems: { system: string; facts: HardwareFacts }[] = [];
    let refused: string | undefined;
    for (const system of uris.length > 0 ? uris : [undefined]) {
      const driver = createRedfishDriver({ endpoint, ...(system !== undefined && { system }) });
      const found = await driver.readFacts(call);
      await driver.close();
      if (found.kind === 'done') systems.push({ system: system ?? '', facts: found.observed.value });
      else refused = found.kind === 'refused' ? found.code : found.kind;
    }
    const identity = identified.kind === 'done' ? identified.observed.value : identified.kind;
    return { capture, identity, systems, ...(refused !== undefined && { refused }) };
  } finally {
    await finder.close();
    await server.close();
  }
}
