import type { DeviceCall } from '@rackwright/driver-core';
import { boardSerialOf, chassisOf, type BoardSerial } from './facts/chassis.js';
import { realText } from './facts/serial-policy.js';
import { endUnknown, refuse } from './protocol/call-end.js';
import { at, link, links, samePath } from './protocol/fields.js';
import { ReadScope } from './protocol/read-scope.js';
import type { RedfishClient, Resource } from './protocol/redfish-client.js';
import { quirksOf, type RedfishQuirks } from './quirks/index.js';

/** The one system a call is about, read afresh and recognised. */
export interface BoundSystem {
  readonly scope: ReadScope;
  readonly system: Resource;
  readonly chassis: readonly Resource[];
  readonly quirks: RedfishQuirks;
  readonly isOnlySystem: boolean;
  readonly serial: BoardSerial | undefined;
}

/**
 * Ties the driver to one machine. Several systems can stand behind one BMC, and BMC addresses get reassigned: the
 * system is named by its exact URI, and known by its board or chassis serial at the start of every call.
 */
export class SystemBinding {
  private known: string | undefined;

  constructor(
    private readonly client: RedfishClient,
    private readonly systemUri: string | undefined,
    expectedSerial: string | undefined,
  ) {
    this.known = expectedSerial;
  }

  async systemUris(scope: ReadScope): Promise<readonly string[]> {
    const root = await this.client.root(scope.call);
    return scope.memberLinks(link(at(root.body, 'Systems')));
  }

  /** Reads the system and makes sure that it is the machine we mean. Every port method begins with it. */
  async bind(call: DeviceCall): Promise<BoundSystem> {
    const scope = new ReadScope(this.client, call);
    const uris = await this.systemUris(scope);
    const uri = this.choose(uris);
    const system = await this.client.read(uri, call);
    if (system === undefined)
      refuse('redfish.no-such-system', `there is no system ${uri} behind ${this.client.origin}`);
    const isOnlySystem = uris.length === 1;
    const chassis = await chassisOf(scope, system, isOnlySystem);
    const serial = boardSerialOf(chassis, system);
    this.recognise(system, chassis, serial);
    const root = await this.client.root(call);
    return { scope, system, chassis, quirks: quirksOf(root.body, system.body), isOnlySystem, serial };
  }

  private choose(uris: readonly string[]): string {
    const { systemUri } = this;
    const [first, second] = uris;
    if (systemUri !== undefined) {
      const found = uris.find((uri) => samePath(uri, systemUri));
      return (
        found ?? refuse('redfish.no-such-system', `${systemUri} is not among the systems of ${this.client.origin}`)
      );
    }
    if (first === undefined)
      return refuse('redfish.no-systems', `no computer system stands behind ${this.client.origin}`);
    if (second !== undefined) {
      refuse(
        'redfish.system-not-bound',
        `several systems stand behind ${this.client.origin}: name one of ${uris.join(', ')}`,
      );
    }
    return first;
  }

  private recognise(system: Resource, chassis: readonly Resource[], serial: BoardSerial | undefined): void {
    if (this.known === undefined) {
      this.known = serial?.serial;
      return;
    }
    const shown = [serial?.serial, realText(at(system.body, 'SerialNumber'))];
    if (shown.includes(this.known)) return;
    const linked = links(at(system.body, 'Links', 'Chassis')).length;
    if (serial?.from !== 'chassis' && chassis.length < linked) {
      endUnknown('not-settled', 'the chassis cannot be read now, so the machine cannot be recognised');
    }
    if (serial === undefined)
      endUnknown('not-settled', 'the device shows no serial now, so the machine cannot be recognised');
    refuse(
      'device.wrong-system',
      `another machine answers: serial ${serial.serial} instead of ${this.known}; nothing was changed`,
    );
  }
}
