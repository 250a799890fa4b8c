import type { DeviceCall } from '@rackwright/driver-core';
import type { BoundSystem } from '../binding.js';
import { at, link, links, text } from '../protocol/fields.js';
import type { RedfishClient } from '../protocol/redfish-client.js';

/** States of an iDRAC job that has not begun to run; a running one is left alone. */
const WAITING: ReadonlySet<string> = new Set(['New', 'Scheduled', 'ReadyForExecution', 'Waiting']);

function isFor(job: unknown, port: string): boolean {
  const words = [text(at(job, 'Name')), text(at(job, 'Message'))].join(' ').split(/[\s,;]+/);
  return words.some((word) => word === port || word.endsWith(`:${port}`));
}

/**
 * Takes back the configuration job that waits for the next reset of this port. iDRAC takes one at a time: without this
 * a saga that turns back could not write the old identity before the new one was applied. True when one was taken back.
 */
export async function dropWaitingJobs(
  client: RedfishClient,
  bound: BoundSystem,
  port: string,
  call: DeviceCall,
): Promise<boolean> {
  let dropped = false;
  for (const manager of links(at(bound.system.body, 'Links', 'ManagedBy'))) {
    const body = (await bound.scope.get(manager))?.body;
    for (const job of await bound.scope.members(link(at(body, 'Links', 'Oem', 'Dell', 'Jobs')))) {
      if (!WAITING.has(text(at(job.body, 'JobState')) ?? '') || !isFor(job.body, port)) continue;
      const verdict = await client.change({ method: 'DELETE', uri: job.uri, body: {} }, bound.quirks, call);
      dropped ||= verdict.kind === 'accepted';
    }
  }
  return dropped;
}
