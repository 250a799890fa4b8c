import { inventory } from '@rackwright/contracts';
import type { DeviceStore } from '@rackwright/device-registry';
import { OPEN_GATE, type HardwareFacts, type Observed } from '@rackwright/driver-core';
import { messageOf, type Clock, type IdFactory } from '@rackwright/kernel';
import type { CommandBus } from '@rackwright/messaging';
import type { Database } from '@rackwright/persistence';
import { BMC, type BmcDrivers } from '../bmc/bmc-drivers.js';
import type { BmcStore } from '../bmc/bmc.store.js';
import { factsMessage } from './facts-message.js';

const READ_TIMEOUT_MS = 40_000;
/** A new BMC is tried again soon: its certificate is pinned at the first contact and its password sent at the second. */
const FIRST_TRIES = 5;
const FIRST_TRY_EVERY_MS = 300;

export interface DiscoveryParts {
  readonly devices: DeviceStore;
  readonly bmcs: BmcStore;
  readonly drivers: BmcDrivers;
  readonly database: Database;
  readonly commands: CommandBus;
  readonly clock: Clock;
  readonly ids: IdFactory;
}

/** What discovery came to: the command that tells inventory, or why nothing could be read. */
export type Discovered =
  { readonly registration: string; readonly readAt: Date } | { readonly problem: string; readonly code: string };

/** Reads what a machine is made of and tells inventory. The machine is not bound here: who it is, is what is asked. */
export class Discovery {
  private readonly running = new Map<string, Promise<Discovered>>();
  private stopped = false;

  constructor(private readonly parts: DiscoveryParts) {}

  /** Discovers right away and, where the first contact only pinned a certificate, once more. */
  discoverSoon(name: string): void {
    void this.firstTries(name);
  }

  /** Reads one machine now; who asks meanwhile gets the same answer. Never throws. */
  discover(name: string): Promise<Discovered> {
    const known = this.running.get(name);
    if (known) return known;
    const started = this.read(name)
      .catch((error: unknown) => this.failed(name, 'power.unreadable', messageOf(error)))
      .finally(() => this.running.delete(name));
    this.running.set(name, started);
    return started;
  }

  /** Waits for what is under way; nothing is tried again afterwards. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.allSettled(this.running.values());
  }

  private async firstTries(name: string): Promise<void> {
    for (let attempt = 0; attempt < FIRST_TRIES && !this.stopped; attempt++) {
      const found = await this.discover(name);
      if ('registration' in found) return;
      await this.parts.clock.sleep(FIRST_TRY_EVERY_MS);
    }
  }

  private async read(name: string): Promise<Discovered> {
    const { clock, drivers } = this.parts;
    const deadline = new Date(clock.now().getTime() + READ_TIMEOUT_MS);
    const result = await drivers.fresh(name, undefined, ({ facts }) =>
      facts.readFacts({ clock, gate: OPEN_GATE, deadline }),
    );
    if (result.kind === 'done') return this.tell(name, result.observed);
    const code = result.kind === 'refused' ? result.code : `power.${result.kind}`;
    return this.failed(name, code, result.message);
  }

  private async tell(name: string, observed: Observed<HardwareFacts>): Promise<Discovered> {
    const { database, bmcs, devices, commands, ids } = this.parts;
    const [device, bmc] = await Promise.all([devices.get(BMC, name), bmcs.get(name)]);
    if (!device || !bmc) return { code: 'unknown-bmc', problem: `there is no BMC ${name}` };
    const registration = ids.newId('message');
    await database.transaction(async (tx) => {
      await bmcs.factsRead(tx, name, { facts: observed.value, at: observed.at, registration });
      await commands.send(
        tx,
        inventory.registerServer,
        {
          bmcId: bmc.bmc_id,
          bmcName: name,
          driver: device.driver,
          facts: factsMessage(observed.value),
          readAt: observed.at.toISOString(),
          source: observed.source.slice(0, 500),
        },
        { messageId: registration },
      );
    });
    return { registration, readAt: observed.at };
  }

  private async failed(name: string, code: string, problem: string): Promise<Discovered> {
    // First contact is no problem of the device: it is over with the next try.
    if (code !== 'device.certificate-not-pinned')
      await this.parts.devices.recordReading(BMC, name, { problem }).catch(() => undefined);
    return { code, problem };
  }
}
