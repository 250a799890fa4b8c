import { tryParseIqn, tryParseMac, tryParseWwn } from '@rackwright/kernel';
import { z } from 'zod';
import type {
  AdapterPortState,
  BootTarget,
  PersistencePolicy,
  PortIdentityChange,
  Survives,
} from '../../world/index.js';
import { withChange } from '../../world/index.js';
import type { Bmc } from './bmc.js';
import { stage } from './device-functions.js';
import { jobPending, scheduleJob } from './dell-jobs.js';
import { link, messageBody, ok, refuse, type RedfishAnswer, type RedfishBody } from './redfish-answer.js';

const NO_WWN = '00:00:00:00:00:00:00:00';
const SURVIVES: Readonly<Record<string, Survives>> = {
  WarmReset: 'warm-reset',
  ColdReset: 'cold-reset',
  ACPowerLoss: 'ac-loss',
};
const POLICIES: Readonly<Record<string, keyof Omit<PersistencePolicy, 'optimisation'>>> = {
  'IOIDOpt.1.VirtualAddressPersistencePolicyAuxPwrd': 'auxPowered',
  'IOIDOpt.1.VirtualAddressPersistencePolicyNonAuxPwrd': 'nonAuxPowered',
  'IOIDOpt.1.InitiatorPersistencePolicy': 'initiator',
  'IOIDOpt.1.StorageTargetPersistencePolicy': 'storageTarget',
};

/** Dell's own attributes of one function; `pending` shows what the next reset brings. */
export function networkAttributesView(bmc: Bmc, port: AdapterPortState, pending: boolean): RedfishBody {
  const path = `${bmc.functionPath(port)}/Oem/Dell/DellNetworkAttributes/${port.name}`;
  const shown = pending && port.pending ? withChange(port.current, port.pending) : port.current;
  const { permanent } = port;
  const [first, second] = shown.bootTargets;
  const virtual = (value: string | undefined, own: string | undefined, none: string): string =>
    value === undefined || value === own ? none : value;
  const Attributes =
    port.kind === 'fibre-channel'
      ? {
          WWPN: permanent.wwpn,
          WWN: permanent.wwnn,
          VirtualWWPN: virtual(shown.wwpn, permanent.wwpn, NO_WWN),
          VirtualWWN: virtual(shown.wwnn, permanent.wwnn, NO_WWN),
          FirstFCTargetWWPN: first?.target ?? NO_WWN,
          FirstFCTargetLUN: String(first?.lun ?? 0),
          SecondFCTargetWWPN: second?.target ?? NO_WWN,
          SecondFCTargetLUN: String(second?.lun ?? 0),
        }
      : {
          MacAddr: permanent.mac,
          // Observed on an R750: the permanent address stands here when nothing is assigned.
          VirtMacAddr: shown.mac,
          IscsiInitiatorName: shown.iscsi?.initiator ?? '',
          IscsiInitiatorIpAddr: shown.iscsi?.address?.split('/')[0] ?? '0.0.0.0',
          FirstTgtIscsiName: first?.target ?? '',
          FirstTgtIpAddress: first?.portal?.split(':')[0] ?? '0.0.0.0',
          FirstTgtTcpPort: first?.portal?.split(':')[1] ?? '3260',
          FirstTgtBootLun: String(first?.lun ?? 0),
        };
  return {
    '@odata.id': pending ? `${path}/Settings` : path,
    '@odata.type': '#DellAttributes.v1_0_0.DellAttributes',
    Id: port.name,
    Name: 'DellNetworkAttributes',
    AttributeRegistry: `NetworkAttributeRegistry_${port.name}`,
    Attributes,
    ...(pending
      ? {}
      : {
          '@Redfish.Settings': {
            SettingsObject: link(`${path}/Settings`),
            SupportedApplyTimes: ['Immediate', 'OnReset'],
          },
        }),
  };
}

const attributesPatch = z.object({
  Attributes: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  '@Redfish.SettingsApplyTime': z.object({ ApplyTime: z.string() }).optional(),
});

export function patchNetworkAttributes(bmc: Bmc, port: AdapterPortState, body: RedfishBody): RedfishAnswer {
  const parsed = attributesPatch.safeParse(body);
  if (!parsed.success)
    return refuse(400, 'Base.1.8.MalformedJSON', 'The request body is not what this resource takes.');
  if (jobPending(bmc, port.name))
    return refuse(400, 'IDRAC.2.8.RAC0679', 'A configuration job is already pending for this device.');
  stage(bmc, port, changeOf(port, parsed.data.Attributes));
  return parsed.data['@Redfish.SettingsApplyTime']
    ? scheduleJob(bmc, port.name)
    : ok(messageBody('IDRAC.2.8.SYS413', 'The operation successfully completed.'));
}

/** All zeroes clear a virtual address, as Dell's own teardown does. */
function changeOf(port: AdapterPortState, attributes: Readonly<Record<string, string | number>>): PortIdentityChange {
  const change: { -readonly [K in keyof PortIdentityChange]: PortIdentityChange[K] } = {};
  const text = (key: string): string | undefined =>
    attributes[key] === undefined ? undefined : String(attributes[key]);
  const orOwn = (value: string | undefined, own: string | undefined): string => value ?? own ?? '';
  const mac = text('VirtMacAddr');
  if (mac !== undefined) change.mac = orOwn(tryParseMac(mac), port.permanent.mac);
  const wwpn = text('VirtualWWPN') ?? text('VirtWWPN');
  if (wwpn !== undefined) change.wwpn = orOwn(tryParseWwn(wwpn), port.permanent.wwpn);
  const wwnn = text('VirtualWWN') ?? text('VirtWWN');
  if (wwnn !== undefined) change.wwnn = orOwn(tryParseWwn(wwnn), port.permanent.wwnn);
  const initiator = text('IscsiInitiatorName');
  if (initiator !== undefined) change.iscsi = tryParseIqn(initiator) ? { initiator: initiator.toLowerCase() } : null;
  const targets = targetsOf(port, text);
  return targets ? { ...change, bootTargets: targets } : change;
}

function targetsOf(
  port: AdapterPortState,
  text: (key: string) => string | undefined,
): readonly BootTarget[] | undefined {
  if (port.kind === 'ethernet') {
    const name = text('FirstTgtIscsiName');
    if (name === undefined) return undefined;
    const host = text('FirstTgtIpAddress');
    const portal = host ? { portal: `${host}:${text('FirstTgtTcpPort') ?? '3260'}` } : {};
    return name === ''
      ? []
      : [{ kind: 'iscsi', target: name.toLowerCase(), ...portal, lun: Number(text('FirstTgtBootLun') ?? 0) }];
  }
  const ranks = ['First', 'Second'].map((rank) => ({
    wwpn: text(`${rank}FCTargetWWPN`),
    lun: text(`${rank}FCTargetLUN`),
  }));
  if (ranks.every((each) => each.wwpn === undefined)) return undefined;
  return ranks.flatMap(({ wwpn, lun }) => {
    const target = tryParseWwn(wwpn ?? '');
    return target ? [{ kind: 'fibre-channel' as const, target, lun: Number(lun ?? 0) }] : [];
  });
}

/** iDRAC attributes: identity optimisation and what virtual values survive. */
export function managerAttributesView(bmc: Bmc): RedfishBody {
  const { persistence } = bmc.server;
  const words = (survives: readonly Survives[]): string =>
    Object.entries(SURVIVES)
      .filter(([, each]) => survives.includes(each))
      .map(([word]) => word)
      .join(', ') || 'None';
  const policies = Object.entries(POLICIES).map(([attribute, key]) => [attribute, words(persistence[key])]);
  const path = `${bmc.managerPath}/Oem/Dell/DellAttributes/${bmc.ids.manager}`;
  const Attributes = {
    'IOIDOpt.1.IOIDOptEnable': persistence.optimisation ? 'Enabled' : 'Disabled',
    ...Object.fromEntries(policies),
  };
  return {
    '@odata.id': path,
    '@odata.type': '#DellAttributes.v1_0_0.DellAttributes',
    Id: bmc.ids.manager,
    Name: 'iDRAC attributes',
    Attributes,
  };
}

export function patchManagerAttributes(bmc: Bmc, body: RedfishBody): RedfishAnswer {
  const parsed = attributesPatch.safeParse(body);
  if (!parsed.success)
    return refuse(400, 'Base.1.8.MalformedJSON', 'The request body is not what this resource takes.');
  const change: { -readonly [K in keyof PersistencePolicy]?: PersistencePolicy[K] } = {};
  for (const [attribute, value] of Object.entries(parsed.data.Attributes)) {
    const key = POLICIES[attribute];
    if (key)
      change[key] = String(value)
        .split(',')
        .flatMap((word) => SURVIVES[word.trim()] ?? []);
    else if (attribute === 'IOIDOpt.1.IOIDOptEnable') change.optimisation = value === 'Enabled';
    else return refuse(400, 'IDRAC.2.8.SYS428', `The attribute ${attribute} is not known.`);
  }
  bmc.world.identity.setPersistence(bmc.server, change, bmc.actor);
  return ok(messageBody('IDRAC.2.8.SYS413', 'The operation successfully completed.'));
}
