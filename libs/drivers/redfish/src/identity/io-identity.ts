import type { DeviceCall, IdentityCapability } from '@rackwright/driver-core';
import type { BoundSystem } from '../binding.js';
import { CallEnded, refuse } from '../protocol/call-end.js';
import { at, links, text } from '../protocol/fields.js';
import type { RedfishClient, Resource } from '../protocol/redfish-client.js';

const ENABLE = 'IOIDOpt.1.IOIDOptEnable';
const POLICIES = [
  'IOIDOpt.1.VirtualAddressPersistencePolicyAuxPwrd',
  'IOIDOpt.1.VirtualAddressPersistencePolicyNonAuxPwrd',
];

const SURVIVES: Readonly<Record<string, IdentityCapability['survives'][number]>> = {
  WarmReset: 'warm-reset',
  ColdReset: 'cold-reset',
  ACPowerLoss: 'ac-loss',
};

/** iDRAC's own attributes that rule virtual addresses; undefined when it shows none. */
export async function readIoIdentity(bound: BoundSystem): Promise<Resource | undefined> {
  for (const manager of links(at(bound.system.body, 'Links', 'ManagedBy'))) {
    const body = (await bound.scope.get(manager))?.body;
    for (const uri of links(at(body, 'Links', 'Oem', 'Dell', 'DellAttributes'))) {
      const attributes = await bound.scope.get(uri);
      if (at(attributes?.body, 'Attributes', ENABLE) !== undefined) return attributes;
    }
  }
  return undefined;
}

/** What a virtual address survives: the weaker of the two policies, since an adapter does not tell which rules it. */
export function survivesOf(ioIdentity: Resource | undefined): IdentityCapability['survives'] {
  const policies = POLICIES.map((name) => text(at(ioIdentity?.body, 'Attributes', name)));
  if (policies.some((policy) => policy === undefined)) return ['warm-reset'];
  return Object.entries(SURVIVES)
    .filter(([word]) => policies.every((policy) => policy?.split(/,\s*/).includes(word)))
    .map(([, survives]) => survives);
}

/**
 * Virtual addresses written while I/O identity optimisation is off are accepted and never take effect (its default is
 * off): it is switched on first. Refuses `redfish.io-identity-disabled` when it does not stay on.
 */
export async function enableIoIdentity(client: RedfishClient, bound: BoundSystem, call: DeviceCall): Promise<void> {
  const shown = await readIoIdentity(bound);
  if (shown === undefined || at(shown.body, 'Attributes', ENABLE) === 'Enabled') return;
  const verdict = await client.change(
    {
      method: 'PATCH',
      uri: shown.uri,
      body: { Attributes: { [ENABLE]: 'Enabled' } },
      base: shown,
      unchanged: () => true,
    },
    bound.quirks,
    call,
  );
  if (verdict.kind === 'busy' || verdict.kind === 'unknown' || verdict.kind === 'conflict')
    throw new CallEnded(verdict);
  const after = await client.read(shown.uri, call);
  if (at(after?.body, 'Attributes', ENABLE) === 'Enabled') return;
  refuse(
    'redfish.io-identity-disabled',
    `${ENABLE} is off and cannot be switched on: virtual addresses would not take effect`,
  );
}
