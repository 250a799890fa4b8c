import type { DeviceCall, DeviceResult, Observed, PowerRestorePolicy } from '@rackwright/driver-core';
import type { BoundSystem, SystemBinding } from '../binding.js';
import { endUnknown, refuse } from '../protocol/call-end.js';
import { at, link, text } from '../protocol/fields.js';
import type { RedfishClient, Resource } from '../protocol/redfish-client.js';
import type { RedfishQuirks } from '../quirks/index.js';

const STANDARD: Readonly<Record<PowerRestorePolicy, string>> = {
  'always-on': 'AlwaysOn',
  'always-off': 'AlwaysOff',
  previous: 'LastState',
};

/** What the server does when mains return: the standard property, or the BIOS attribute that stands in for it (pending until reset). */
export class PowerRestoreControl {
  constructor(
    private readonly client: RedfishClient,
    private readonly binding: SystemBinding,
  ) {}

  async ensure(want: PowerRestorePolicy, call: DeviceCall): Promise<DeviceResult<PowerRestorePolicy>> {
    const bound = await this.binding.bind(call);
    if (text(at(bound.system.body, 'PowerRestorePolicy')) !== undefined) return this.ensureStandard(want, bound, call);
    const attribute = bound.quirks.powerRestoreBios;
    if (attribute) return this.ensureBios(want, attribute, bound, call);
    return refuse('redfish.power-restore-not-offered', 'the device does not say what it does when mains return');
  }

  private async ensureStandard(
    want: PowerRestorePolicy,
    bound: BoundSystem,
    call: DeviceCall,
  ): Promise<DeviceResult<PowerRestorePolicy>> {
    const shows = (system: Resource): boolean => at(system.body, 'PowerRestorePolicy') === STANDARD[want];
    if (shows(bound.system)) return { kind: 'done', observed: this.observed(want, bound.system), changed: false };
    const before = at(bound.system.body, 'PowerRestorePolicy');
    const verdict = await this.client.change(
      {
        method: 'PATCH',
        uri: bound.system.uri,
        body: { PowerRestorePolicy: STANDARD[want] },
        base: bound.system,
        unchanged: (fresh) => at(fresh.body, 'PowerRestorePolicy') === before,
      },
      bound.quirks,
      call,
    );
    if (verdict.kind === 'busy' || verdict.kind === 'unknown' || verdict.kind === 'conflict') return verdict;
    const after = await this.client.read(bound.system.uri, call);
    if (after && shows(after)) return { kind: 'done', observed: this.observed(want, after), changed: true };
    if (verdict.kind === 'refused') return verdict;
    return endUnknown('not-settled', 'the device took the power restore policy and does not show it');
  }

  private async ensureBios(
    want: PowerRestorePolicy,
    { attribute, values }: NonNullable<RedfishQuirks['powerRestoreBios']>,
    bound: BoundSystem,
    call: DeviceCall,
  ): Promise<DeviceResult<PowerRestorePolicy>> {
    const bios = await bound.scope.follow(bound.system.body, 'Bios');
    const shown = text(at(bios?.body, 'Attributes', attribute));
    if (bios === undefined || shown === undefined) {
      refuse('redfish.power-restore-not-offered', `the BIOS shows no attribute ${attribute}`);
    }
    if (shown === values[want]) return { kind: 'done', observed: this.observed(want, bios), changed: false };
    const uri = link(at(bios.body, '@Redfish.Settings', 'SettingsObject')) ?? bios.uri;
    const settings = await this.client.read(uri, call);
    const pending = { kind: 'pending' as const, handle: { kind: 'reset' as const } };
    if (at(settings?.body, 'Attributes', attribute) === values[want]) return pending;
    const body = { Attributes: { [attribute]: values[want] } };
    const base = settings && { base: settings, unchanged: () => true };
    const verdict = await this.client.change({ method: 'PATCH', uri, body, ...base }, bound.quirks, call);
    if (verdict.kind === 'accepted' || verdict.kind === 'look-again') {
      const monitor = verdict.kind === 'accepted' ? verdict.monitor : undefined;
      return { kind: 'pending', handle: { kind: 'reset', ...(monitor !== undefined && { uri: monitor }) } };
    }
    return verdict.kind === 'precondition'
      ? { kind: 'conflict', message: 'the BIOS settings changed meanwhile' }
      : verdict;
  }

  private observed(value: PowerRestorePolicy, from: Resource): Observed<PowerRestorePolicy> {
    return { value, at: from.at, source: `${this.client.origin}${from.uri}` };
  }
}
