import type { PortIdentity, PortIdentityReading, ServerIdentityReading } from '@rackwright/driver-core';
import { tryParseUuid } from '@rackwright/kernel';
import type { BoundSystem } from '../binding.js';
import type { AdapterFunction } from '../facts/adapter-function.js';
import { present } from '../facts/adapter-function.js';
import { readAdapterFunctions } from '../facts/network-adapters.js';
import { at, link, texts, text } from '../protocol/fields.js';
import type { Resource } from '../protocol/redfish-client.js';
import { DELL_CODEC } from './dell.codec.js';
import type { IdentityCodec } from './identity-codec.js';
import { sameIdentity } from './identity-shape.js';
import { STANDARD_CODEC } from './standard.codec.js';

/** One function with everything needed to say what it shows, what waits, and to change it. */
export interface IdentityPlace {
  readonly adapter: AdapterFunction;
  readonly codec: IdentityCodec;
  readonly active: Resource;
  /** Where changes go: the settings object by its own link (it may lie in another tree), else the active resource itself. */
  readonly targetUri: string;
  readonly settings: Resource | undefined;
  readonly applyTimes: readonly string[];
  readonly reading: PortIdentityReading;
}

function readingOf(
  adapter: AdapterFunction,
  codec: IdentityCodec,
  settings: Resource | undefined,
): PortIdentityReading {
  const current = codec.read(adapter);
  const waiting = settings && codec.read(adapter, settings);
  const pending = waiting && !sameIdentity(waiting, current) ? waiting : undefined;
  const clean = current.bootTargets === undefined && !isAssigned(current, adapter);
  return { port: adapter.name, current, ...(pending && { pending }), clean };
}

/** An address without its permanent counterpart cannot be proven to be the machine's own. */
function isAssigned(current: PortIdentity, adapter: AdapterFunction): boolean {
  if (current.iscsi !== undefined) return true;
  return (['mac', 'wwpn', 'wwnn'] as const).some(
    (kind) => current[kind] !== undefined && current[kind] !== adapter.addresses[kind].permanent,
  );
}

/** Every function of the server that an identity could be read from, with its readings. */
export async function readPlaces(bound: BoundSystem): Promise<readonly IdentityPlace[]> {
  const { scope, system, chassis, quirks } = bound;
  const places: IdentityPlace[] = [];
  for (const adapter of await readAdapterFunctions(scope, system, chassis, quirks)) {
    const codec = adapter.dell ? DELL_CODEC : STANDARD_CODEC;
    const active = codec.active(adapter);
    if (active === undefined) continue;
    const settingsUri = link(at(active.body, '@Redfish.Settings', 'SettingsObject'));
    const settings = await scope.get(settingsUri);
    places.push({
      adapter,
      codec,
      active,
      targetUri: settingsUri ?? active.uri,
      settings,
      applyTimes: texts(at(active.body, '@Redfish.Settings', 'SupportedApplyTimes')),
      reading: readingOf(adapter, codec, settings),
    });
  }
  return places;
}

export function identityReading(bound: BoundSystem, places: readonly IdentityPlace[]): ServerIdentityReading {
  return {
    ...present({ serial: bound.serial?.serial, uuid: tryParseUuid(text(at(bound.system.body, 'UUID')) ?? '') }),
    ports: places.map((place) => place.reading),
  };
}
