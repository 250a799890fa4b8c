import { z } from 'zod';
import type { ResetRefusal, ResetType } from '../../world/index.js';
import type { Bmc } from './bmc.js';
import {
  collection,
  link,
  messageBody,
  NO_CONTENT,
  ok,
  refuse,
  type RedfishAnswer,
  type RedfishBody,
} from './redfish-answer.js';

const BOOT_TARGETS = ['None', 'Pxe', 'Hdd', 'BiosSetup', 'UefiTarget', 'UefiHttp'] as const;

const ALL_RESETS = [
  'On',
  'ForceOn',
  'ForceOff',
  'GracefulShutdown',
  'GracefulRestart',
  'ForceRestart',
  'PowerCycle',
  'PushPowerButton',
  'Nmi',
] as const;

const RESETS: Readonly<Record<Bmc['flavour'], readonly ResetType[]>> = {
  dell: ALL_RESETS.filter((type) => type !== 'ForceOn'),
  hpe: ALL_RESETS.filter((type) => type !== 'ForceOn' && type !== 'PowerCycle'),
  generic: ALL_RESETS,
  openbmc: ALL_RESETS.filter((type) => type !== 'PushPowerButton'),
};

const RESTORE_WORDS = { 'always-on': 'AlwaysOn', 'always-off': 'AlwaysOff', previous: 'LastState' } as const;

const ARCHITECTURES = {
  'x86-64': { ProcessorArchitecture: 'x86', InstructionSet: 'x86-64' },
  arm64: { ProcessorArchitecture: 'ARM', InstructionSet: 'ARM-A64' },
  ppc64: { ProcessorArchitecture: 'Power', InstructionSet: 'PowerISA' },
  sparc: { ProcessorArchitecture: 'OEM', InstructionSet: 'OEM' },
} as const;

/** The ComputerSystem, as this vendor shows it. */
export function systemView(bmc: Bmc): RedfishBody {
  const { server, model, world } = bmc;
  const dell = bmc.flavour === 'dell';
  const { processors } = model;
  return {
    '@odata.id': bmc.systemPath,
    '@odata.type': '#ComputerSystem.v1_20_0.ComputerSystem',
    Id: bmc.ids.system,
    Name: 'System',
    SystemType: 'Physical',
    Manufacturer: model.manufacturer,
    Model: model.model,
    SerialNumber: dell ? server.serials.board : server.serials.system,
    SKU: server.serials.system,
    AssetTag: '',
    UUID: server.uuid,
    HostName: server.phase === 'os-running' ? server.name : '',
    BiosVersion: model.biosVersion,
    PowerState: world.power.reported(server),
    PowerRestorePolicy: RESTORE_WORDS[server.powerRestore],
    Status: { State: server.phase === 'off' ? 'StandbyOffline' : 'Enabled', Health: 'OK', HealthRollup: 'OK' },
    ...(model.bootProgress.length > 0 ? { BootProgress: { LastState: server.bootProgress } } : {}),
    ...(dell ? { IndicatorLED: server.locator ? 'Blinking' : 'Lit' } : { LocationIndicatorActive: server.locator }),
    ...(server.lastResetMs > 0 ? { LastResetTime: bmc.isoTime(server.lastResetMs) } : {}),
    ProcessorSummary: {
      Count: processors.count,
      CoreCount: processors.count * processors.cores,
      LogicalProcessorCount: processors.count * processors.threads,
      Model: processors.model,
    },
    MemorySummary: { TotalSystemMemoryGiB: model.memoryGiB },
    Boot: bootView(bmc),
    Processors: link(`${bmc.systemPath}/Processors`),
    Memory: link(`${bmc.systemPath}/Memory`),
    EthernetInterfaces: link(`${bmc.systemPath}/EthernetInterfaces`),
    Links: { Chassis: [link(bmc.chassisPath)], ManagedBy: [link(bmc.managerPath)] },
    Actions: {
      '#ComputerSystem.Reset': {
        target: `${bmc.systemPath}/Actions/ComputerSystem.Reset`,
        ...(bmc.flavour === 'openbmc'
          ? { '@Redfish.ActionInfo': `${bmc.systemPath}/ResetActionInfo` }
          : { 'ResetType@Redfish.AllowableValues': RESETS[bmc.flavour] }),
      },
    },
  };
}

export function resetActionInfo(bmc: Bmc): RedfishBody {
  const path = `${bmc.systemPath}/ResetActionInfo`;
  const parameter = { Name: 'ResetType', Required: true, DataType: 'String', AllowableValues: RESETS[bmc.flavour] };
  return {
    '@odata.id': path,
    '@odata.type': '#ActionInfo.v1_4_0.ActionInfo',
    Id: 'ResetActionInfo',
    Name: 'Reset',
    Parameters: [parameter],
  };
}

function bootView(bmc: Bmc): RedfishBody {
  const { boot } = bmc.server;
  return {
    BootSourceOverrideEnabled: boot.overrideEnabled,
    BootSourceOverrideTarget: boot.overrideEnabled === 'Disabled' ? 'None' : boot.overrideTarget,
    BootSourceOverrideMode: boot.overrideMode,
    'BootSourceOverrideTarget@Redfish.AllowableValues': BOOT_TARGETS,
    // iLO shows the text "None" where others show null (seen in a capture of a DL325).
    UefiTargetBootSourceOverride: boot.uefiTarget || (bmc.flavour === 'hpe' ? 'None' : null),
    BootOptions: link(`${bmc.systemPath}/BootOptions`),
    BootOrder: bootOrder(bmc),
  };
}

/** What could be booted from: disk, network, and every SAN target that POST has seen. */
function bootOptions(bmc: Bmc): readonly { id: string; name: string; path: string }[] {
  const { server } = bmc;
  const san = server.ports.flatMap((port) =>
    port.current.bootTargets.map((target) => ({ name: `SAN ${port.name} ${target.target}`, path: sanPath(target) })),
  );
  return [
    { name: 'Hard Drive C:', path: 'HD(1,GPT,6D6F7265)/\\EFI\\BOOT\\BOOTX64.EFI' },
    { name: 'Network 1', path: `MAC(${server.ports[0]?.current.mac?.replaceAll(':', '') ?? ''},0x1)/IPv4(0.0.0.0)` },
    ...(server.inventoried ? san : []),
  ].map((option, index) => ({ ...option, id: `Boot${index.toString(16).padStart(4, '0').toUpperCase()}` }));
}

function sanPath(target: { readonly kind: string; readonly target: string; readonly lun: number }): string {
  if (target.kind === 'iscsi') return `iSCSI(${target.target},0x0,0x${target.lun.toString(16)},None,None,None,TCP)`;
  return `Fibre(0x${target.target.replaceAll(':', '')},0x${target.lun.toString(16)})`;
}

function bootOrder(bmc: Bmc): readonly string[] {
  const known = bootOptions(bmc).map((option) => option.id);
  const wanted = bmc.server.boot.order.filter((id) => known.includes(id));
  return [...wanted, ...known.filter((id) => !wanted.includes(id))];
}

export function bootOptionsView(bmc: Bmc, id?: string): RedfishBody | undefined {
  const path = `${bmc.systemPath}/BootOptions`;
  const options = bootOptions(bmc);
  if (id === undefined)
    return collection(
      path,
      'BootOption',
      options.map((option) => option.id),
    );
  const found = options.find((option) => option.id === id);
  return (
    found && {
      '@odata.id': `${path}/${id}`,
      '@odata.type': '#BootOption.v1_0_4.BootOption',
      Id: id,
      Name: found.name,
      DisplayName: found.name,
      BootOptionReference: id,
      BootOptionEnabled: true,
      UefiDevicePath: found.path,
    }
  );
}

export function processorView(bmc: Bmc, id?: string): RedfishBody | undefined {
  const path = `${bmc.systemPath}/Processors`;
  const { processors, architecture } = bmc.model;
  const ids = Array.from({ length: processors.count }, (_each, index) => `CPU.${index + 1}`);
  if (id === undefined) return collection(path, 'Processor', ids);
  if (!ids.includes(id)) return undefined;
  return {
    '@odata.id': `${path}/${id}`,
    '@odata.type': '#Processor.v1_18_0.Processor',
    Id: id,
    Name: id,
    ProcessorType: 'CPU',
    ...ARCHITECTURES[architecture],
    Model: processors.model,
    TotalCores: processors.cores,
    TotalThreads: processors.threads,
    Status: { State: 'Enabled', Health: 'OK' },
  };
}

const systemPatch = z.object({
  Boot: z
    .object({
      BootSourceOverrideEnabled: z.enum(['Disabled', 'Once', 'Continuous']).optional(),
      BootSourceOverrideTarget: z.enum(BOOT_TARGETS).optional(),
      BootSourceOverrideMode: z.enum(['UEFI', 'Legacy']).optional(),
      UefiTargetBootSourceOverride: z.string().nullable().optional(),
      BootOrder: z.array(z.string()).optional(),
    })
    .optional(),
  PowerRestorePolicy: z.enum(['AlwaysOn', 'AlwaysOff', 'LastState']).optional(),
  LocationIndicatorActive: z.boolean().optional(),
  IndicatorLED: z.enum(['Lit', 'Blinking', 'Off']).optional(),
});

/** PATCH of the system: boot, restore policy, locator. Anything else is refused with nothing changed. */
export function patchSystem(bmc: Bmc, body: RedfishBody): RedfishAnswer {
  const parsed = systemPatch.strict().safeParse(body);
  if (!parsed.success) {
    const what = parsed.error.issues[0]?.path.join('/') ?? 'body';
    return refuse(400, 'Base.1.8.PropertyNotWritable', `The property ${what} cannot be written.`);
  }
  const { Boot, PowerRestorePolicy, LocationIndicatorActive, IndicatorLED } = parsed.data;
  const { server, world, actor } = bmc;
  if (Boot && server.phase === 'post' && bmc.flavour === 'hpe') {
    return refuse(400, 'iLO.2.14.UnableToModifyDuringSystemPOST', 'Not while the system is in POST.');
  }
  if (Boot?.BootOrder?.some((id) => !bootOptions(bmc).some((option) => option.id === id))) {
    return refuse(400, 'Base.1.8.PropertyValueNotInList', 'BootOrder names an option that is not there.');
  }
  if (Boot) {
    const change = {
      overrideEnabled: Boot.BootSourceOverrideEnabled,
      overrideTarget: Boot.BootSourceOverrideTarget,
      overrideMode: Boot.BootSourceOverrideMode,
      uefiTarget: Boot.UefiTargetBootSourceOverride ?? undefined,
      order: Boot.BootOrder,
    };
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    world.identity.setBoot(server, given, actor);
  }
  if (PowerRestorePolicy) {
    const words = { AlwaysOn: 'always-on', AlwaysOff: 'always-off', LastState: 'previous' } as const;
    world.identity.setPowerRestore(server, words[PowerRestorePolicy], actor);
  }
  const lit = LocationIndicatorActive ?? (IndicatorLED === undefined ? undefined : IndicatorLED === 'Blinking');
  if (lit !== undefined) world.identity.setLocator(server, lit, actor);
  return bmc.flavour === 'hpe'
    ? ok(messageBody('Base.1.8.Success', 'Successfully Completed Request'))
    : ok(systemView(bmc));
}

/** The reset action, answered in the vendor's way; accepted is not done. */
export function resetSystem(bmc: Bmc, body: RedfishBody): RedfishAnswer {
  const type = RESETS[bmc.flavour].find((each) => each === body['ResetType']);
  if (!type)
    return refuse(400, 'Base.1.8.ActionParameterNotSupported', 'ResetType is not one of the allowable values.');
  const result = bmc.world.power.reset(bmc.server.name, type, bmc.actor);
  if (!result.ok) return resetRefusal(bmc, result.why);
  if (bmc.flavour === 'hpe') return ok(messageBody('Base.1.8.Success', 'Successfully Completed Request'));
  if (bmc.flavour !== 'generic') return NO_CONTENT;
  const { powerOffMs, powerOnMs, reportLagMs } = bmc.model.timings;
  return bmc.tasks.start(`Reset ${type}`, Math.max(powerOffMs, powerOnMs) + reportLagMs);
}

function resetRefusal(bmc: Bmc, why: ResetRefusal): RedfishAnswer {
  if (bmc.flavour === 'dell' && why !== 'too-soon') {
    return refuse(409, 'IDRAC.2.8.PSU501', 'Server is already in the requested power state.');
  }
  if (bmc.flavour === 'hpe') {
    return refuse(
      400,
      'iLO.2.14.InvalidOperationForSystemState',
      'The operation was not successful due to the current power state.',
    );
  }
  // Nothing to do is not an error here, and nothing happens.
  return why === 'too-soon' ? refuse(503, 'Base.1.8.ServiceTemporarilyUnavailable', 'Retry later.') : NO_CONTENT;
}
