import { again, finished, finishedRefused, type DeviceOperation, type Turn } from '@rackwright/device-work';
import type { Bmc } from '../bmc/bmc.store.js';
import type { Discovery } from '../discovery/discovery.js';

const LOOK_EVERY_MS = 100;
const TRY_EVERY_MS = 1_000;

/** Refusals of a driver after which reading again is pointless. */
const HOPELESS: ReadonlySet<string> = new Set(['device.bad-credentials', 'unknown-bmc']);

/** Reads the facts of a machine, tells inventory and waits for what it says. */
export async function refreshServer(
  operation: DeviceOperation,
  bmc: Bmc | undefined,
  discovery: Discovery,
): Promise<Turn> {
  if (!bmc) return finishedRefused('unknown-bmc', 'the BMC was forgotten meanwhile');
  const { registration, readAt } = operation.progress as { registration?: string; readAt?: string };
  if (registration === undefined || readAt === undefined) return readFacts(bmc.name, discovery);
  // A newer registration of the same machine says as much.
  if (bmc.registration === registration && bmc.registration_state === 'sent')
    return again(LOOK_EVERY_MS, 'waiting for inventory');
  if (bmc.registration_state === 'refused')
    return finishedRefused('not-registered', bmc.problem ?? 'inventory refused the machine');
  if (bmc.registration_state === 'none') return again(TRY_EVERY_MS, 'inventory gave no clear answer', {});
  const result = { readAt, ...(bmc.server_id !== null && { serverId: bmc.server_id }) };
  return finished({ kind: 'done', result });
}

async function readFacts(name: string, discovery: Discovery): Promise<Turn> {
  const found = await discovery.discover(name);
  if ('problem' in found) {
    if (HOPELESS.has(found.code)) return finishedRefused('device-refused', found.problem);
    return again(TRY_EVERY_MS, found.problem);
  }
  const progress = { registration: found.registration, readAt: found.readAt.toISOString() };
  return again(LOOK_EVERY_MS, 'waiting for inventory', progress);
}
