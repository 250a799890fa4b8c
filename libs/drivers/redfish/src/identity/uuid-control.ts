import type { DeviceCall, DeviceResult } from '@rackwright/driver-core';
import { tryParseUuid, type Uuid } from '@rackwright/kernel';
import type { BoundSystem } from '../binding.js';
import { refuse } from '../protocol/call-end.js';
import { at, link, text } from '../protocol/fields.js';
import type { RedfishClient, Resource } from '../protocol/redfish-client.js';

function uuidOf(resource: Resource | undefined): Uuid | undefined {
  return tryParseUuid(text(at(resource?.body, 'UUID')) ?? '');
}

/**
 * The UUID a profile gives a server. By the schema it is read-only; some blade managers let it be written, in the
 * system or in its settings object. It is tried and read back; what does not show is refused.
 */
export class UuidControl {
  constructor(private readonly client: RedfishClient) {}

  /** Undefined when there is nothing to do or the UUID shows (now or in the settings); else the end of the call. */
  async ensure(
    want: Uuid | undefined,
    bound: BoundSystem,
    call: DeviceCall,
  ): Promise<Exclude<DeviceResult<never>, { kind: 'done' | 'pending' }> | undefined> {
    if (want === undefined || uuidOf(bound.system) === want) return undefined;
    const settings = await bound.scope.get(link(at(bound.system.body, '@Redfish.Settings', 'SettingsObject')));
    if (uuidOf(settings) === want) return undefined;
    const base = settings && uuidOf(settings) !== undefined ? settings : bound.system;
    const verdict = await this.client.change(
      {
        method: 'PATCH',
        uri: base.uri,
        body: { UUID: want },
        base,
        unchanged: (fresh) => uuidOf(fresh) === uuidOf(base),
      },
      bound.quirks,
      call,
    );
    if (verdict.kind === 'busy' || verdict.kind === 'unknown' || verdict.kind === 'conflict') return verdict;
    if (uuidOf(await this.client.read(base.uri, call)) === want) return undefined;
    return refuse('redfish.uuid-not-assignable', 'the device does not let the UUID of the system be written');
  }
}
