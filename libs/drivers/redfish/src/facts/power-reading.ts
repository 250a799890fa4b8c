import { at, link, links, list, number, samePath } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { Resource } from '../protocol/redfish-client.js';
import { ownChassis } from './chassis.js';

export interface PowerFinding {
  readonly watts: number;
  readonly source: string;
}

function controlWatts(power: Resource, system: Resource, chassis: Resource): number | undefined {
  const controls = list(at(power.body, 'PowerControl'));
  const related = controls.find((control) =>
    links(at(control, 'RelatedItem')).some((uri) => samePath(uri, system.uri) || samePath(uri, chassis.uri)),
  );
  return [related, ...controls]
    .map((control) => number(at(control, 'PowerConsumedWatts')))
    .find((watts) => watts !== undefined);
}

/**
 * What the server draws now, in watts: EnvironmentMetrics of the system, then of its own chassis, then the legacy
 * Power resource. The reading of a chassis that other servers share is nobody's reading.
 */
export async function readWatts(
  scope: ReadScope,
  system: Resource,
  chassis: readonly Resource[],
): Promise<PowerFinding | undefined> {
  const own = ownChassis(chassis, system);
  for (const holder of [system, own]) {
    const metrics = await scope.get(link(at(holder?.body, 'EnvironmentMetrics')));
    const watts = number(at(metrics?.body, 'PowerWatts', 'Reading'));
    if (metrics && watts !== undefined) return { watts, source: metrics.uri };
  }
  const power = await scope.get(link(at(own?.body, 'Power')));
  if (power === undefined || own === undefined) return undefined;
  const watts = controlWatts(power, system, own);
  return watts === undefined ? undefined : { watts, source: power.uri };
}
