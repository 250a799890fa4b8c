import type { coordinator, inventory, ProfileDefinition } from '@rackwright/contracts';

type Change = coordinator.PlanView['changes'][number];

/** What defining a profile changes. Identities are reserved; no device is touched. Pure. */
export function definitionChanges(wanted: ProfileDefinition, existing: inventory.ProfileView | undefined): Change[] {
  const device = wanted.name;
  if (!existing) {
    return [
      { mark: '+', area: 'inventory', device, text: `create server profile ${wanted.name} in group ${wanted.group}` },
      ...wanted.vnics.map((vnic): Change => ({
        mark: '+',
        area: 'inventory',
        device,
        text: `vNIC ${vnic.name}: ${vnic.mac ?? 'a MAC from the pool'}, ${networksOf(vnic)}`,
      })),
      ...wanted.vhbas.map((vhba): Change => ({
        mark: '+',
        area: 'inventory',
        device,
        text: `vHBA ${vhba.name} in fabric ${vhba.fabric}: ${vhba.wwpn ?? 'WWNs from the pool'}`,
      })),
      ...(wanted.iscsi
        ? [
            {
              mark: '+',
              area: 'inventory',
              device,
              text: `iSCSI initiator through vNIC ${wanted.iscsi.vnic}: ${wanted.iscsi.initiator ?? 'an IQN from the pool'}`,
            } as const,
          ]
        : []),
      NO_DEVICE,
    ];
  }
  const changed = fieldChanges(wanted, existing.definition, device);
  if (changed.length === 0 && existing.state === 'ready') {
    return [{ mark: '=', area: 'inventory', device, text: `${wanted.name} is already exactly this` }];
  }
  return [...changed, NO_DEVICE];
}

const NO_DEVICE: Change = { mark: '=', area: 'server', device: 'all', text: 'no device is touched, nothing restarts' };

function networksOf({ native, tagged, networkSet }: ProfileDefinition['vnics'][number]): string {
  const parts = [
    ...(native === undefined ? [] : [`untagged ${native}`]),
    ...(tagged.length === 0 ? [] : [`tagged ${tagged.join(', ')}`]),
    ...(networkSet === undefined ? [] : [`network set ${networkSet}`]),
  ];
  return parts.length === 0 ? 'no network' : parts.join(', ');
}

function fieldChanges(wanted: ProfileDefinition, existing: ProfileDefinition, device: string): Change[] {
  const fields = [...new Set([...Object.keys(wanted), ...Object.keys(existing)])] as (keyof ProfileDefinition)[];
  return fields.flatMap((field): Change[] => {
    const [before, after] = [existing[field], wanted[field]];
    // Without a UUID in the definition the profile keeps the one it has.
    if (canonical(before) === canonical(after)) return [];
    if (Array.isArray(before) && Array.isArray(after)) return itemChanges(field, before, after, device);
    const mark = before === undefined ? '+' : after === undefined ? '-' : '~';
    const text = `${field}: ${mark === '+' ? '' : `${short(before)} → `}${mark === '-' ? 'none' : short(after)}`;
    return [{ mark, area: 'inventory', device, text }];
  });
}

interface Named {
  readonly name?: string;
  readonly volume?: string;
}

function itemChanges(field: string, before: readonly Named[], after: readonly Named[], device: string): Change[] {
  const nameOf = (item: Named): string => item.name ?? item.volume ?? '';
  const old = new Map(before.map((item) => [nameOf(item), item]));
  const fresh = new Map(after.map((item) => [nameOf(item), item]));
  const change = (mark: '+' | '~' | '-', text: string): Change => ({ mark, area: 'inventory', device, text });
  const one = field.replace(/s$/, '');
  return [
    ...after.flatMap((item) => {
      const known = old.get(nameOf(item));
      if (!known) return [change('+', `${one} ${nameOf(item)}: ${short(item)}`)];
      return canonical(known) === canonical(item)
        ? []
        : [change('~', `${one} ${nameOf(item)}: ${short(known)} → ${short(item)}`)];
    }),
    ...before.filter((item) => !fresh.has(nameOf(item))).map((item) => change('-', `${one} ${nameOf(item)}`)),
  ];
}

/** JSON with sorted keys, so that equal things read equal. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
        : part,
    ) ?? 'undefined'
  );
}

function short(value: unknown): string {
  const text = canonical(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** What deleting a profile changes. Pure. */
export function deletionChanges(profile: inventory.ProfileView | undefined): Change[] {
  if (!profile) return [];
  const { name, vnics, vhbas, iscsi } = profile.definition;
  const identities = [
    ...(vnics.length > 0 ? [`${vnics.length} MAC(s)`] : []),
    ...(vhbas.length > 0 ? [`${vhbas.length} WWN pair(s)`] : []),
    ...(iscsi ? ['an IQN'] : []),
  ];
  return [
    { mark: '-', area: 'inventory', device: name, text: `delete server profile ${name}` },
    ...(identities.length > 0
      ? [
          {
            mark: '-',
            area: 'inventory',
            device: name,
            text: `release ${identities.join(', ')}; they rest before anybody gets them again`,
          } as const,
        ]
      : []),
    NO_DEVICE,
  ];
}
