import type { BootReading, BootSource, DeviceCall, DeviceResult, Observed } from '@rackwright/driver-core';
import type { BoundSystem, SystemBinding } from '../binding.js';
import { endUnknown, refuse } from '../protocol/call-end.js';
import { at, link, object, text } from '../protocol/fields.js';
import type { RedfishClient, Resource } from '../protocol/redfish-client.js';
import type { WriteVerdict } from '../protocol/answer.policy.js';
import { bodyOf, bootSourceOf, planBoot, showsPlan, type BootOption, type BootPlan } from './boot.policy.js';

interface BootPlace {
  /** Where boot keys are read and written: the settings object when it holds them (Nokia, iDRAC10, XCC), else the system. */
  readonly resource: Resource;
  readonly system: Resource;
}

/** Boot source of the bound system, by the standard override. */
export class BootControl {
  constructor(
    private readonly client: RedfishClient,
    private readonly binding: SystemBinding,
  ) {}

  async read(call: DeviceCall): Promise<Observed<BootReading>> {
    const bound = await this.binding.bind(call);
    return this.observe(await this.place(bound.system, call));
  }

  async ensure(source: BootSource, call: DeviceCall): Promise<DeviceResult<BootReading>> {
    const bound = await this.binding.bind(call);
    const place = await this.place(bound.system, call);
    const boot = object(at(place.resource.body, 'Boot'));
    if (boot === undefined) refuse('redfish.boot-not-offered', 'the device offers no boot override for this system');
    const options = source === 'san' ? await this.options(bound) : [];
    const plan = planBoot(source, boot, options, bound.quirks);
    if (plan === undefined)
      refuse('redfish.boot-source-not-offered', `the device offers no way to boot from ${source}`);
    if (showsPlan(boot, plan)) return { kind: 'done', observed: this.observe(place, source), changed: false };
    const verdict = await this.send(plan, place, bound, call);
    return this.readBack(source, plan, verdict, { bound, place, call });
  }

  private async send(plan: BootPlan, place: BootPlace, bound: BoundSystem, call: DeviceCall): Promise<WriteVerdict> {
    const boot = at(place.resource.body, 'Boot');
    const patch = (body: BootPlan): Promise<WriteVerdict> =>
      this.client.change(
        {
          method: 'PATCH',
          uri: place.resource.uri,
          body: { Boot: body },
          base: place.resource,
          unchanged: (fresh) => JSON.stringify(at(fresh.body, 'Boot')) === JSON.stringify(boot),
        },
        bound.quirks,
        call,
      );
    const verdict = await patch(bodyOf(plan, boot, bound.quirks));
    const isTooMuch = verdict.kind === 'refused' && plan['BootSourceOverrideEnabled'] === 'Continuous';
    // Persistent overrides were withdrawn by some makers: once is then what there is, re-applied by the owner before each boot.
    return isTooMuch ? patch(bodyOf({ ...plan, BootSourceOverrideEnabled: 'Once' }, boot, bound.quirks)) : verdict;
  }

  private async readBack(
    source: BootSource,
    plan: BootPlan,
    verdict: WriteVerdict,
    { bound, place, call }: { bound: BoundSystem; place: BootPlace; call: DeviceCall },
  ): Promise<DeviceResult<BootReading>> {
    if (verdict.kind === 'busy' || verdict.kind === 'unknown' || verdict.kind === 'conflict') return verdict;
    const system = await this.client.read(bound.system.uri, call);
    if (system === undefined) endUnknown('not-settled', 'the system vanished after the change');
    const after = await this.place(system, call);
    const shown = at(after.resource.body, 'Boot');
    const oncePlan = { ...plan, BootSourceOverrideEnabled: 'Once' };
    const isShown =
      showsPlan(shown, plan) || (plan['BootSourceOverrideEnabled'] === 'Continuous' && showsPlan(shown, oncePlan));
    const observed = this.observe(after, isShown ? source : undefined);
    if (isShown) return { kind: 'done', observed, changed: true };
    if (verdict.kind === 'refused') return verdict;
    if (verdict.kind === 'accepted' && verdict.monitor !== undefined) {
      return { kind: 'pending', handle: { kind: 'task', uri: verdict.monitor }, observed };
    }
    if (JSON.stringify(shown) === JSON.stringify(at(place.resource.body, 'Boot'))) {
      refuse('redfish.boot-not-taken', 'the device accepted the boot override and did not take it');
    }
    return {
      kind: 'unknown',
      why: 'not-settled',
      message: 'the boot override is not as asked for',
      lastKnown: observed,
    };
  }

  private async place(system: Resource, call: DeviceCall): Promise<BootPlace> {
    const uri = link(at(system.body, '@Redfish.Settings', 'SettingsObject'));
    const settings = uri === undefined ? undefined : await this.client.read(uri, call);
    const isThere = at(settings?.body, 'Boot', 'BootSourceOverrideTarget') !== undefined;
    return { resource: settings && isThere ? settings : system, system };
  }

  private async options(bound: BoundSystem): Promise<readonly BootOption[]> {
    const members = await bound.scope.members(link(at(bound.system.body, 'Boot', 'BootOptions')));
    return members.flatMap(({ body }) => {
      const reference = text(at(body, 'BootOptionReference'));
      const devicePath = text(at(body, 'UefiDevicePath'));
      return reference !== undefined && devicePath !== undefined ? [{ reference, devicePath }] : [];
    });
  }

  /** `asked` names the source the shown override stands for, where the device's word does not tell it from another. */
  private observe({ resource, system }: BootPlace, asked?: BootSource): Observed<BootReading> {
    const { source, once, raw } = bootSourceOf(at(resource.body, 'Boot'));
    const progress = text(at(system.body, 'BootProgress', 'LastState'));
    const value = { source: asked ?? source, once, raw, ...(progress !== undefined && { progress }) };
    return { value, at: resource.at, source: `${this.client.origin}${resource.uri}` };
  }
}
