import type {
  DeviceCall,
  DeviceResult,
  Observed,
  PowerMethod,
  PowerReading,
  PowerState,
} from '@rackwright/driver-core';
import type { BoundSystem, SystemBinding } from '../binding.js';
import { readResetAction, type ResetAction } from '../facts/reset-types.js';
import { endUnknown, refuse } from '../protocol/call-end.js';
import { at } from '../protocol/fields.js';
import type { RedfishClient, Resource } from '../protocol/redfish-client.js';

const SETTLE_RETRY_MS = 5_000;

/** Only `On` and `Off` say something; transitions, null, missing and inventions do not. */
const POWER_STATES: Readonly<Record<string, PowerState>> = { On: 'on', Off: 'off' };

/** Reset types that lead to each state, best first. PushPowerButton is none: pressed twice it does the opposite. */
const RESET_TYPES: Readonly<Record<'on' | 'off', Readonly<Record<PowerMethod, readonly string[]>>>> = {
  on: { graceful: ['On', 'ForceOn'], force: ['On', 'ForceOn'] },
  off: { graceful: ['GracefulShutdown'], force: ['ForceOff'] },
};

const ON_ITS_WAY: Readonly<Record<'on' | 'off', string>> = { on: 'PoweringOn', off: 'PoweringOff' };

/** Power of the bound system. Reads and compares first, acts once, reads back; never believes a status code. */
export class PowerControl {
  constructor(
    private readonly client: RedfishClient,
    private readonly binding: SystemBinding,
  ) {}

  async read(call: DeviceCall): Promise<Observed<PowerReading>> {
    return this.observe(await this.binding.bind(call));
  }

  async ensure(want: 'on' | 'off', how: PowerMethod, call: DeviceCall): Promise<DeviceResult<PowerReading>> {
    const bound = await this.binding.bind(call);
    const before = this.observe(bound);
    if (before.value.state === want) return { kind: 'done', observed: before, changed: false };
    // A running transition is let run, unless it is to be cut short by force.
    const isOnItsWay = before.value.raw === ON_ITS_WAY[want];
    if (isOnItsWay && !(want === 'off' && how === 'force')) {
      return { kind: 'pending', handle: { kind: 'settling' }, observed: before };
    }
    const action = await readResetAction(bound.scope, bound.system.body);
    if (action === undefined) refuse('redfish.no-reset-action', 'the device offers no reset action for this system');
    const verdict = await this.client.change(
      { method: 'POST', uri: action.target, body: { ResetType: this.typeFor(want, how, action) } },
      bound.quirks,
      call,
    );
    if (verdict.kind === 'busy' || verdict.kind === 'unknown' || verdict.kind === 'conflict') return verdict;
    const after = await this.again(bound, call);
    if (after.value.state === want) {
      return { kind: 'done', observed: after, changed: verdict.kind === 'accepted' };
    }
    if (verdict.kind === 'refused') return verdict;
    if (verdict.kind !== 'accepted') {
      const message = 'the device refuses this in its present state; too soon after the last one, or on its way';
      return { kind: 'busy', retryAfterMs: SETTLE_RETRY_MS, message };
    }
    const { monitor } = verdict;
    const handle = monitor === undefined ? { kind: 'settling' as const } : { kind: 'task' as const, uri: monitor };
    return { kind: 'pending', handle, observed: after };
  }

  private typeFor(want: 'on' | 'off', how: PowerMethod, action: ResetAction): string {
    const { allowed } = action;
    const types = RESET_TYPES[want][how];
    const type = allowed === undefined ? types[0] : types.find((candidate) => allowed.includes(candidate));
    return type ?? refuse('redfish.reset-type-not-offered', `the device offers none of ${types.join(', ')}`);
  }

  /** Reads the system again, past the walk's memory. */
  private async again(bound: BoundSystem, call: DeviceCall): Promise<Observed<PowerReading>> {
    const system = await this.client.read(bound.system.uri, call);
    if (system === undefined) endUnknown('not-settled', 'the system vanished after the change');
    return this.observe({ ...bound, system });
  }

  private observe({ system, serial }: { system: Resource; serial: BoundSystem['serial'] }): Observed<PowerReading> {
    const raw = at(system.body, 'PowerState');
    const state = (typeof raw === 'string' && POWER_STATES[raw]) || 'unknown';
    const value = { state, raw: typeof raw === 'string' ? raw : String(raw), ...(serial && { serial: serial.serial }) };
    const etag = system.etag;
    return { value, at: system.at, source: `${this.client.origin}${system.uri}`, ...(etag !== undefined && { etag }) };
  }
}
