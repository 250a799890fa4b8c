import { Injectable } from '@nestjs/common';
import { done, refused, power, type InputOf, type OutcomeOf, type ResultOf } from '@rackwright/contracts';
import { DeviceStore, type RegisteredDevice } from '@rackwright/device-registry';
import { IdFactory } from '@rackwright/kernel';
import { EventBus } from '@rackwright/messaging';
import type { Tx } from '@rackwright/persistence';
import { BMC } from './bmc-drivers.js';
import { BmcStore, type Bmc } from './bmc.store.js';

/** BMCs: enrolled, forgotten, listed with how they answer. */
@Injectable()
export class BmcService {
  constructor(
    private readonly devices: DeviceStore,
    private readonly bmcs: BmcStore,
    private readonly events: EventBus,
    private readonly ids: IdFactory,
  ) {}

  async put(tx: Tx, input: InputOf<typeof power.putBmc>): Promise<OutcomeOf<typeof power.putBmc>> {
    const put = await this.devices.put(tx, {
      kind: BMC,
      name: input.name,
      driver: input.driver,
      address: input.address,
      trust: input.trust,
      sealedCredential: input.credential,
      options: { ...input.options, ...(input.system !== undefined && { system: input.system }) },
    });
    if (put === 'address-taken') return refused('address-taken', `another BMC has the address ${input.address}`);
    const bmcId = await this.bmcs.ensure(tx, input.name, this.ids.newId('bmc'));
    if (put !== 'unchanged')
      await this.events.emit(tx, power.bmcEnrolled, { bmcId, bmc: input.name, address: input.address });
    return done({ bmcId, changed: put !== 'unchanged' });
  }

  async delete(tx: Tx, name: string): Promise<OutcomeOf<typeof power.deleteBmc>> {
    const bmc = await this.bmcs.get(name, tx);
    if (!bmc) return refused('unknown-bmc', `there is no BMC ${name}`);
    if (bmc.programmed)
      return refused('server-in-use', `an identity was written through ${name} and was not cleared since`);
    await this.devices.remove(tx, BMC, name);
    await this.bmcs.remove(tx, name);
    return done({});
  }

  async list(input: InputOf<typeof power.listBmcs>): Promise<ResultOf<typeof power.listBmcs>> {
    const rows = new Map((await this.bmcs.list()).map((row) => [row.name, row]));
    const devices = (await this.devices.list(BMC)).filter(({ name }) => rows.has(name));
    const rest = devices.filter(({ name }) => input.cursor === undefined || name > input.cursor);
    const page = rest.slice(0, input.limit);
    const last = page.at(-1);
    const items = page.flatMap((device) => viewOf(device, rows.get(device.name)) ?? []);
    return {
      items,
      total: devices.length,
      ...(rest.length > page.length && last && { nextCursor: last.name }),
    };
  }
}

function viewOf(
  device: RegisteredDevice,
  bmc: Bmc | undefined,
): ResultOf<typeof power.listBmcs>['items'][number] | undefined {
  if (!bmc) return undefined;
  const problem = device.problem ?? bmc.problem;
  const fingerprint = device.trust.kind === 'pin' ? device.trust.sha256 : device.pinned;
  return {
    id: bmc.bmc_id,
    name: device.name,
    driver: power.bmcDriver.parse(device.driver),
    address: device.address,
    ...(bmc.server_id !== null && { serverId: bmc.server_id }),
    ...((device.read_at !== null || device.problem !== null) && { reachable: device.problem === null }),
    ...(device.read_at !== null && { readAt: device.read_at.toISOString() }),
    ...(problem !== null && { problem }),
    ...(fingerprint !== null && { fingerprint }),
  };
}
