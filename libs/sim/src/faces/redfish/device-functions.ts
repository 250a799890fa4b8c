import { tryParseIqn, tryParseMac, tryParseWwn } from '@rackwright/kernel';
import { z } from 'zod';
import { withChange } from '../../world/index.js';
import type { AdapterPortState, BootTarget, PortIdentityChange, PortIdentityState } from '../../world/index.js';
import type { Bmc } from './bmc.js';
import { jobPending, scheduleJob } from './dell-jobs.js';
import { collection, link, messageBody, ok, refuse, type RedfishAnswer, type RedfishBody } from './redfish-answer.js';

/** The list of functions of one adapter, or one function as it is now. */
export function functionView(bmc: Bmc, adapter: string, id?: string): RedfishBody | undefined {
  const ports = bmc.adapters().get(adapter);
  if (!ports) return undefined;
  const path = `${bmc.adapterPath(adapter)}/NetworkDeviceFunctions`;
  if (id === undefined)
    return collection(
      path,
      'NetworkDeviceFunction',
      ports.map((port) => port.name),
    );
  const port = bmc.portOf(adapter, id);
  if (!port) return undefined;
  const dellOem = {
    Oem: { Dell: { DellNetworkAttributes: link(`${path}/${id}/Oem/Dell/DellNetworkAttributes/${id}`) } },
  };
  return {
    ...describe(port, port.current, `${path}/${id}`),
    Links: {
      PhysicalNetworkPortAssignment: link(`${bmc.adapterPath(adapter)}/Ports/${port.name}`),
      ...(bmc.flavour === 'dell' ? dellOem : {}),
    },
    '@Redfish.Settings': settingsOf(bmc, port),
  };
}

/** The pending object: the function as it will be after the next reset. */
export function settingsView(bmc: Bmc, port: AdapterPortState): RedfishBody {
  const next = port.pending ? withChange(port.current, port.pending) : port.current;
  const times = { '@Redfish.SettingsApplyTime': { ApplyTime: 'OnReset' } };
  return { ...describe(port, next, bmc.settingsPath(port)), ...times };
}

function describe(port: AdapterPortState, identity: PortIdentityState, path: string): RedfishBody {
  const base = {
    '@odata.id': path,
    '@odata.type': '#NetworkDeviceFunction.v1_9_2.NetworkDeviceFunction',
    Id: port.name,
    Name: port.name,
    DeviceEnabled: true,
  };
  const targets = identity.bootTargets;
  if (port.kind === 'fibre-channel') {
    return {
      ...base,
      NetDevFuncType: 'FibreChannel',
      NetDevFuncCapabilities: ['FibreChannel'],
      BootMode: targets.length > 0 ? 'FibreChannel' : 'Disabled',
      FibreChannel: {
        PermanentWWPN: port.permanent.wwpn,
        PermanentWWNN: port.permanent.wwnn,
        WWPN: identity.wwpn,
        WWNN: identity.wwnn,
        WWNSource: 'ConfiguredLocally',
        BootTargets: targets.map(({ target, lun }, index) => ({
          WWPN: target,
          LUNID: String(lun),
          BootPriority: index,
        })),
      },
    };
  }
  return {
    ...base,
    NetDevFuncType: 'Ethernet',
    NetDevFuncCapabilities: ['Ethernet', 'iSCSI'],
    BootMode: targets.length > 0 ? 'iSCSI' : 'PXE',
    Ethernet: { PermanentMACAddress: port.permanent.mac, MACAddress: identity.mac, MTUSize: 1500 },
    iSCSIBoot: iscsiView(identity),
  };
}

function iscsiView({ iscsi, bootTargets }: PortIdentityState): RedfishBody {
  const [primary, secondary] = bootTargets;
  return {
    InitiatorName: iscsi?.initiator ?? null,
    ...addressView(iscsi?.address),
    InitiatorDefaultGateway: iscsi?.gateway ?? null,
    ...targetView('Primary', primary),
    ...targetView('Secondary', secondary),
    AuthenticationMethod: 'None',
  };
}

function addressView(address: string | undefined): RedfishBody {
  const [ip, prefix] = address?.split('/') ?? [];
  return { InitiatorIPAddress: ip ?? null, InitiatorNetmask: prefix === undefined ? null : netmaskOf(Number(prefix)) };
}

function targetView(rank: 'Primary' | 'Secondary', target: BootTarget | undefined): RedfishBody {
  const [host, port] = target?.portal?.split(':') ?? [];
  return {
    [`${rank}TargetName`]: target?.target ?? null,
    [`${rank}TargetIPAddress`]: host ?? null,
    [`${rank}TargetTCPPort`]: target ? Number(port ?? 3260) : null,
    [`${rank}LUN`]: target?.lun ?? null,
  };
}

function settingsOf(bmc: Bmc, port: AdapterPortState): RedfishBody {
  const written = bmc.server.extra[`settings ${port.name}`];
  const times = bmc.flavour === 'dell' ? ['OnReset', 'AtMaintenanceWindowStart'] : ['OnReset'];
  const base = {
    '@odata.type': '#Settings.v1_3_5.Settings',
    SettingsObject: link(bmc.settingsPath(port)),
    SupportedApplyTimes: times,
  };
  if (typeof written !== 'number' || port.pending) return base;
  const message = { MessageId: 'Base.1.8.Success', MessageSeverity: 'OK', Message: 'Successfully Completed Request' };
  return { ...base, Time: bmc.isoTime(bmc.server.lastResetMs), ETag: `"${written}"`, Messages: [message] };
}

const text = z.string().nullable().optional();
const number = z.number().int().nullable().optional();
const functionPatch = z.strictObject({
  BootMode: z.string().optional(),
  DeviceEnabled: z.boolean().optional(),
  Ethernet: z.strictObject({ MACAddress: z.string().optional(), MTUSize: z.number().optional() }).optional(),
  FibreChannel: z
    .strictObject({
      WWPN: z.string().optional(),
      WWNN: z.string().optional(),
      WWNSource: z.string().optional(),
      BootTargets: z
        .array(z.object({ WWPN: z.string(), LUNID: z.string().default('0'), BootPriority: z.number().default(0) }))
        .optional(),
    })
    .optional(),
  iSCSIBoot: z
    .object({
      InitiatorName: text,
      InitiatorIPAddress: text,
      InitiatorNetmask: text,
      InitiatorDefaultGateway: text,
      PrimaryTargetName: text,
      PrimaryTargetIPAddress: text,
      PrimaryTargetTCPPort: number,
      PrimaryLUN: number,
      SecondaryTargetName: text,
      SecondaryTargetIPAddress: text,
      SecondaryTargetTCPPort: number,
      SecondaryLUN: number,
    })
    .optional(),
  '@Redfish.SettingsApplyTime': z.object({ ApplyTime: z.string() }).optional(),
});

type FunctionPatch = z.output<typeof functionPatch>;

/** PATCH of the settings object; takes effect at the next reset, on Dell only when a job was made of it. */
export function patchSettings(bmc: Bmc, port: AdapterPortState, body: RedfishBody): RedfishAnswer {
  const parsed = functionPatch.safeParse(body);
  if (!parsed.success) {
    const what = parsed.error.issues[0]?.path.join('/') ?? '';
    return refuse(400, 'Base.1.8.PropertyNotWritable', `The property ${what} cannot be written.`);
  }
  const change = changeOf(port, parsed.data);
  if (change === undefined) return refuse(400, 'Base.1.8.PropertyValueFormatError', 'A value has the wrong form.');
  const time = parsed.data['@Redfish.SettingsApplyTime'];
  if (time && !['OnReset', 'AtMaintenanceWindowStart'].includes(time.ApplyTime)) {
    return refuse(400, 'Base.1.8.PropertyValueNotInList', `ApplyTime ${time.ApplyTime} is not supported.`);
  }
  if (bmc.flavour === 'dell') return patchDell(bmc, port, change, time !== undefined);
  stage(bmc, port, change);
  if (bmc.flavour !== 'hpe') return ok(settingsView(bmc, port));
  return ok(
    messageBody(
      'iLO.2.14.SystemResetRequired',
      'One or more properties were changed and will not take effect until system is reset.',
    ),
  );
}

/** Hands a change to the adapter for its next reset; an adapter that aliases its permanent address forgets it. */
export function stage(bmc: Bmc, port: AdapterPortState, change: PortIdentityChange): void {
  if (Object.keys(change).length === 0) return;
  bmc.server.extra[`settings ${port.name}`] = Math.round(bmc.world.timeMs);
  if (bmc.model.identity !== 'none') bmc.world.identity.stage(bmc.server, port.name, change, bmc.actor);
}

function patchDell(bmc: Bmc, port: AdapterPortState, change: PortIdentityChange, apply: boolean): RedfishAnswer {
  if (jobPending(bmc, port.name))
    return refuse(400, 'IDRAC.2.8.RAC0679', 'A configuration job is already pending for this device.');
  const key = `unscheduled ${port.name}`;
  const waiting = { ...(bmc.server.extra[key] as PortIdentityChange | undefined), ...change };
  if (!apply) {
    bmc.server.extra[key] = JSON.parse(JSON.stringify(waiting)) as Record<string, never>;
    return ok(messageBody('IDRAC.2.8.SYS413', 'The operation successfully completed.'));
  }
  delete bmc.server.extra[key];
  stage(bmc, port, waiting);
  return scheduleJob(bmc, port.name);
}

function changeOf(port: AdapterPortState, patch: FunctionPatch): PortIdentityChange | undefined {
  const change: { -readonly [K in keyof PortIdentityChange]: PortIdentityChange[K] } = {};
  const { Ethernet, FibreChannel, iSCSIBoot } = patch;
  if (Ethernet?.MACAddress !== undefined) {
    const mac = tryParseMac(Ethernet.MACAddress);
    if (!mac || port.kind !== 'ethernet') return undefined;
    change.mac = mac;
  }
  for (const [key, value] of [
    ['wwpn', FibreChannel?.WWPN],
    ['wwnn', FibreChannel?.WWNN],
  ] as const) {
    if (value === undefined) continue;
    const wwn = tryParseWwn(value);
    if (!wwn || port.kind !== 'fibre-channel') return undefined;
    change[key] = wwn;
  }
  if (FibreChannel?.BootTargets) {
    const sorted = [...FibreChannel.BootTargets].sort((one, other) => one.BootPriority - other.BootPriority);
    change.bootTargets = sorted.flatMap(({ WWPN, LUNID }) => {
      const target = tryParseWwn(WWPN);
      return target ? [{ kind: 'fibre-channel' as const, target, lun: Number(LUNID) }] : [];
    });
  }
  if (iSCSIBoot) return iscsiChange(port, iSCSIBoot, change);
  return change;
}

/** What of iSCSIBoot is given replaces what there is (waiting or current); a null name clears. */
function iscsiChange(
  port: AdapterPortState,
  boot: NonNullable<FunctionPatch['iSCSIBoot']>,
  change: PortIdentityChange,
): PortIdentityChange | undefined {
  if (port.kind !== 'ethernet') return undefined;
  const before = port.pending ? withChange(port.current, port.pending) : port.current;
  const now = {
    ...iscsiView(before),
    ...Object.fromEntries(Object.entries(boot).filter(([, value]) => value !== undefined)),
  } as Required<typeof boot>;
  const initiator = now.InitiatorName ? tryParseIqn(now.InitiatorName) : undefined;
  if (now.InitiatorName && !initiator) return undefined;
  const bits = now.InitiatorNetmask ? prefixOf(now.InitiatorNetmask) : 24;
  const iscsi = initiator
    ? {
        initiator,
        ...(now.InitiatorIPAddress ? { address: `${now.InitiatorIPAddress}/${bits}` } : {}),
        ...(now.InitiatorDefaultGateway ? { gateway: now.InitiatorDefaultGateway } : {}),
      }
    : null;
  const bootTargets: BootTarget[] = [];
  for (const rank of ['Primary', 'Secondary'] as const) {
    const target = now[`${rank}TargetName`];
    if (!target) continue;
    const host = now[`${rank}TargetIPAddress`];
    const portal = host ? { portal: `${host}:${now[`${rank}TargetTCPPort`] ?? 3260}` } : {};
    bootTargets.push({ kind: 'iscsi', target: target.toLowerCase(), ...portal, lun: now[`${rank}LUN`] ?? 0 });
  }
  return { ...change, iscsi, bootTargets };
}

function netmaskOf(prefix: number): string {
  const bits = prefix === 0 ? 0 : (~0 << (32 - prefix)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

function prefixOf(netmask: string): number {
  return netmask
    .split('.')
    .map((octet) => Number(octet).toString(2).replaceAll('0', '').length)
    .reduce((sum, each) => sum + each, 0);
}
