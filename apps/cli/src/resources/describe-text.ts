import type { Placement, Profile, Server, SwitchPort } from '@rackwright/client';
import { ageText } from '../output/duration.js';
import { plain, stateStyle, type Style } from '../output/style.js';
import type { Row } from './kinds.js';
import { placementText } from './why.command.js';

type Pair = readonly [label: string, value: unknown];

/** `label:  value` lines; what is not known is left out. */
function facts(pairs: readonly Pair[], style: Style): string[] {
  const known = pairs.filter(([, value]) => value !== undefined && value !== '' && value !== false);
  const width = Math.max(...known.map(([label]) => label.length)) + 2;
  return known.map(([label, value]) => `${style.faint(`${label}:`.padEnd(width))}${plain(value)}`);
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.strong(title), ...lines.map((line) => `  ${line}`)];
}

/** A server: what it is, where it stands, how it is cabled, what its BMC does not tell. */
export function serverText(server: Server, now: Date, style: Style): string {
  const { power } = server;
  const read = power.at === undefined ? 'never read' : `read ${ageText(power.at, now)} ago`;
  const ports = (server.ports ?? []).map((port) => {
    const identity = port.permanentMac ?? port.permanentWwpn ?? 'no address told';
    const end = port.cabling;
    const cable =
      end === undefined
        ? 'cabling not known'
        : `-> ${end.device} ${end.port} (${end.source}, ${Math.round(end.confidence * 100)} % sure)`;
    const link = port.linkUp === undefined ? '' : port.linkUp ? ', link up' : ', link down';
    const fixed = port.assignable === false ? ', identity cannot be changed' : '';
    return plain(`${port.name}  ${port.kind}  ${identity}  ${cable}${link}${fixed}`);
  });
  return text([
    `${style.strong(plain(server.name))}  ${stateStyle(style, server.lifecycle)(plain(server.lifecycle))}`,
    ...facts(
      [
        ['id', server.id],
        ['place', [server.site, server.rack, server.position].filter(Boolean).join(' / ')],
        ['chassis', server.chassis],
        ['pool', server.pool],
        ['model', [server.vendor, server.model].filter(Boolean).join(' ')],
        ['board serial', server.boardSerial],
        ['serial', server.serial],
        ['uuid', server.uuid],
        ['processors', cpuText(server)],
        ['memory', server.memoryGiB && `${server.memoryGiB} GiB`],
        ['power', `${power.state} (${[read, power.source].filter(Boolean).join(', ')})`],
        ['watts', power.watts],
        ['BMC', server.bmc && `${server.bmc} (${server.driver ?? 'driver not known'})`],
        ['profile', server.profile],
        ['locked by', server.lockedBy],
        ['epoch', server.epoch],
        ['power feeds', (server.powerFeeds ?? []).join(', ')],
        ['facts read', server.factsAt && `${ageText(server.factsAt, now)} ago`],
      ],
      style,
    ),
    ...section('Ports and cabling', ports, style),
    ...section('Not told by its BMC', (server.gaps ?? []).map(plain), style),
  ]);
}

function cpuText(server: Server): string {
  const parts = [
    server.processorCount && `${server.processorCount} sockets`,
    server.cores && `${server.cores} cores`,
    server.architecture,
  ];
  return parts.filter(Boolean).join(', ');
}

/** A profile: its identities, networks and volumes, where it is and was, and where it could go. */
export function profileText(profile: Profile, placement: Placement | undefined, now: Date, style: Style): string {
  const { definition, storage } = profile;
  const vnics = (profile.vnics ?? []).map((vnic) => {
    const native =
      vnic.native === undefined ? '' : `native ${vnic.native}${vnic.nativeVlan ? ` (VLAN ${vnic.nativeVlan})` : ''}`;
    const tagged = vnic.tagged?.length ? `tagged ${vnic.tagged.join(', ')}` : '';
    return plain([vnic.name, vnic.mac ?? 'no MAC yet', native, tagged, vnic.address].filter(Boolean).join('  '));
  });
  const vhbas = (storage?.vhbas ?? []).map((vhba) =>
    plain(`${vhba.name}  ${vhba.fabric}  WWPN ${vhba.wwpn ?? 'none yet'}  WWNN ${vhba.wwnn ?? 'none yet'}`),
  );
  const volumes = (storage?.volumes ?? []).map((volume) =>
    plain(
      `LUN ${volume.lun}  ${volume.volume}${volume.array ? ` on ${volume.array}` : ''}${volume.boot ? '  boot' : ''}`,
    ),
  );
  return text([
    `${style.strong(plain(definition.name))}  ${stateStyle(style, profile.state)(plain(profile.state))}`,
    ...facts(
      [
        ['id', profile.id],
        ['group', definition.group],
        ['description', definition.description],
        ['uuid', profile.uuid],
        ['server', profile.server ?? 'none'],
        ['needs', needsText(definition.qualification)],
        ['iSCSI initiator', storage?.iscsi?.initiator],
        ['locked by', profile.lockedBy],
        ['epoch', profile.epoch],
        ['changed', profile.updatedAt && `${ageText(profile.updatedAt, now)} ago`],
      ],
      style,
    ),
    ...section('vNICs', vnics, style),
    ...section('vHBAs', vhbas, style),
    ...section('Volumes', volumes, style),
    ...section('Not shown, because these do not answer', (profile.unavailable ?? []).map(plain), style),
    ...section(
      'Former holders (may still carry this identity)',
      (profile.formerHolders ?? []).map(({ server, since }) => plain(`${server}  since ${ageText(since, now)}`)),
      style,
    ),
    ...(placement === undefined
      ? []
      : section('Where it could go', placementText(placement, style).trimEnd().split('\n'), style)),
  ]);
}

function needsText(needs: Profile['definition']['qualification']): string {
  if (needs === undefined) return '';
  const parts = [
    needs.architecture,
    needs.coresMin && `${needs.coresMin} cores or more`,
    needs.memoryGiBMin && `${needs.memoryGiBMin} GiB or more`,
    needs.model,
    needs.pool && `pool ${needs.pool}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** A switch and what each of its ports lets through, as last read. */
export function switchText(item: Row, ports: readonly SwitchPort[], style: Style): string {
  const lines = ports.map(({ port, state, nativeVlan, taggedVlans, carriesEverything }) => {
    const native = nativeVlan === undefined ? '' : `native ${nativeVlan}`;
    const tagged =
      carriesEverything === true ? 'every VLAN' : taggedVlans?.length ? `tagged ${taggedVlans.join(', ')}` : '';
    return plain([port, state, native, tagged].filter(Boolean).join('  '));
  });
  return `${itemText(item, style)}${text(section('Ports', lines, style))}`;
}

/** Anything else: its fields, nested ones as JSON. */
export function itemText(item: Row, style: Style): string {
  return text(facts(Object.entries(item), style));
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
