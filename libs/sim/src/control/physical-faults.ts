import { AppError } from '@rackwright/kernel';
import { z } from 'zod';
import { FAULT, FOREIGN, type World } from '../world/index.js';

const name = z.string().min(1);

/** Faults of the hardware itself. What can be undone is undone by the same fault with the opposite value. */
export const physicalFault = z.discriminatedUnion('kind', [
  /** Mains of one server, by its outlets (a blade takes its enclosure with it). */
  z.strictObject({ kind: z.literal('server-mains'), server: name, live: z.boolean() }),
  z.strictObject({ kind: z.literal('feed'), feed: name, live: z.boolean() }),
  z.strictObject({ kind: z.literal('outlet'), pdu: name, outlet: name, on: z.boolean() }),
  z.strictObject({ kind: z.literal('bmc-hung'), server: name, hung: z.boolean() }),
  /** `report: null` ends the lie. */
  z.strictObject({
    kind: z.literal('bmc-lies'),
    server: name,
    report: z.enum(['On', 'Off', 'PoweringOn', 'PoweringOff']).nullable(),
  }),
  /** The address of this BMC now leads to the BMC of another server of the same model; `null` ends it. */
  z.strictObject({ kind: z.literal('bmc-swapped'), server: name, with: name.nullable() }),
  z.strictObject({ kind: z.literal('bmc-ignores-resets'), server: name, ignores: z.boolean() }),
  /** A person at the machine, or wake on LAN. */
  z.strictObject({ kind: z.literal('power-button'), server: name }),
  /** A cable at a server port or array target. */
  z.strictObject({ kind: z.literal('cable'), device: name, port: name, broken: z.boolean() }),
  /** Somebody else opens a zoning transaction and does not finish it; `held: false` lets go. */
  z.strictObject({
    kind: z.literal('fabric-lock'),
    fabric: name,
    held: z.boolean(),
    owner: name.default('admin2'),
  }),
  z.strictObject({ kind: z.literal('foreign-zone'), fabric: name, zone: name, members: z.array(name).min(1) }),
  z.strictObject({
    kind: z.literal('foreign-mask'),
    array: name,
    host: name,
    initiator: name,
    volume: name,
    lun: z.number().int(),
  }),
  z.strictObject({
    kind: z.literal('foreign-vlan'),
    switch: name,
    port: name,
    native: z.number().int().optional(),
    tagged: z.array(z.number().int()).default([]),
  }),
  z.strictObject({ kind: z.literal('fc-switch-restart'), fcSwitch: name }),
  z.strictObject({ kind: z.literal('identity-lost'), server: name, port: name }),
]);

export type PhysicalFault = z.output<typeof physicalFault>;

/** Plants a physical fault. Throws a ZodError for nonsense, `sim.no-such-…` for what is not there. */
export function plantFault(world: World, input: unknown): PhysicalFault {
  const fault = physicalFault.parse(input);
  plant(world, fault);
  return fault;
}

function plant(world: World, fault: PhysicalFault): void {
  switch (fault.kind) {
    case 'server-mains':
      for (const each of world.power.server(fault.server).outlets) {
        const [pdu = '', outlet = ''] = each.split('/');
        world.power.setOutlet(pdu, outlet, fault.live, FAULT);
      }
      return;
    case 'feed':
      return world.power.setFeed(fault.feed, fault.live, FAULT);
    case 'outlet':
      return world.power.setOutlet(fault.pdu, fault.outlet, fault.on, FAULT);
    case 'bmc-hung':
      return world.power.setBmcFault(fault.server, { hung: fault.hung });
    case 'bmc-lies':
      return world.power.setBmcFault(fault.server, { powerLie: fault.report });
    case 'bmc-swapped':
      if (fault.with !== null) world.power.server(fault.with);
      return world.power.setBmcFault(fault.server, { answersAs: fault.with });
    case 'bmc-ignores-resets':
      return world.power.setBmcFault(fault.server, { ignoresResets: fault.ignores });
    case 'power-button':
      return world.power.pressPowerButton(fault.server, FAULT);
    case 'cable':
      if (world.setCable(fault.device, fault.port, fault.broken, FAULT)) return;
      throw new AppError('sim.no-such-port', `nothing is plugged into ${fault.device} ${fault.port}`);
    case 'identity-lost':
      return loseIdentity(world, fault.server, fault.port);
    case 'fc-switch-restart':
      return world.fabrics.restartSwitch(fault.fcSwitch, FAULT);
    default:
      return foreignEdit(world, fault);
  }
}

type ForeignEdit = Extract<
  PhysicalFault,
  { readonly kind: 'fabric-lock' | 'foreign-zone' | 'foreign-mask' | 'foreign-vlan' }
>;

/** What another administrator does behind our back, through the same mechanics as we. */
function foreignEdit(world: World, fault: ForeignEdit): void {
  if (fault.kind === 'fabric-lock') {
    if (fault.held) refuseUnless(world.fabrics.stage(fault.fabric, FOREIGN + fault.owner, () => undefined));
    else refuseUnless(world.fabrics.abort(fault.fabric, FOREIGN + fault.owner, true));
  } else if (fault.kind === 'foreign-zone') {
    foreignZone(world, fault);
  } else if (fault.kind === 'foreign-vlan') {
    const { native, tagged, port } = fault;
    world.network.configure(fault.switch, { [port]: { native: native ?? null, tagged, protected: false } }, FAULT);
  } else {
    const { array, host, initiator, volume, lun } = fault;
    const kind = initiator.startsWith('iqn.') ? 'iscsi' : 'fibre-channel';
    const made = world.arrays.createHost(array, { name: host, initiators: [{ kind, name: initiator }] }, FAULT);
    refuseUnless(made);
    if (made.ok) refuseUnless(world.arrays.map(array, made.value.id, { volume, lun }, FAULT));
  }
}

function foreignZone(world: World, { fabric, zone, members }: ForeignEdit & { kind: 'foreign-zone' }): void {
  const { effectiveName, checksum, defined } = world.fabrics.fabric(fabric);
  const configuration = effectiveName ?? Object.keys(defined.configurations)[0] ?? 'cfg';
  refuseUnless(
    world.fabrics.stage(fabric, FAULT, (draft) => {
      draft.zones[zone] = { type: 'zone', members, principals: [] };
      draft.configurations[configuration] = [...new Set([...(draft.configurations[configuration] ?? []), zone])];
    }),
  );
  refuseUnless(world.fabrics.save(fabric, FAULT, { checksum, enable: configuration }));
}

function loseIdentity(world: World, name: string, portName: string): void {
  const server = world.power.server(name);
  const port = server.ports.find((each) => each.name === portName);
  if (!port) throw new AppError('sim.no-such-port', `server ${name} has no adapter port ${portName}`);
  const { mac, wwpn, wwnn } = port.permanent;
  const own = { ...(mac ? { mac } : {}), ...(wwpn ? { wwpn } : {}), ...(wwnn ? { wwnn } : {}) };
  world.identity.program(server, portName, { ...own, iscsi: null, bootTargets: [] }, FAULT);
}

function refuseUnless(result: { readonly ok: boolean; readonly why?: string }): void {
  if (!result.ok) throw new AppError('sim.refused', `the device refused: ${result.why ?? ''}`);
}
