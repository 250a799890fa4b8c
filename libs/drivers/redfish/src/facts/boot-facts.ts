import type { HardwareFacts } from '@rackwright/driver-core';
import { at, link, text, texts } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { Resource } from '../protocol/redfish-client.js';
import type { AdapterFunction } from './adapter-function.js';

/** True when an adapter of the server can boot from a SAN by itself: it has a boot target, or a place for one. */
function canBootFromSan(adapter: AdapterFunction): boolean {
  const body = adapter.ndf?.body;
  const iscsi = at(body, 'iSCSIBoot');
  return (
    adapter.kind === 'fibre-channel' ||
    at(iscsi, 'PrimaryTargetName') !== undefined ||
    at(iscsi, 'InitiatorName') !== undefined
  );
}

/** What the server can boot from and how, as the active resource or its settings object says (iDRAC10 and XCC use the latter). */
export async function readBootFacts(
  scope: ReadScope,
  system: Resource,
  adapters: readonly AdapterFunction[],
): Promise<HardwareFacts['boot']> {
  const settings = await scope.get(link(at(system.body, '@Redfish.Settings', 'SettingsObject')));
  const active = at(system.body, 'Boot');
  const pending = at(settings?.body, 'Boot');
  const listOf = (name: string): readonly string[] => {
    const own = texts(at(active, `${name}@Redfish.AllowableValues`));
    return own.length > 0 ? own : texts(at(pending, `${name}@Redfish.AllowableValues`));
  };
  const sources = listOf('BootSourceOverrideTarget');
  const mode = text(at(active, 'BootSourceOverrideMode')) ?? text(at(pending, 'BootSourceOverrideMode'));
  const modesListed = listOf('BootSourceOverrideMode');
  const modes = modesListed.length > 0 ? modesListed : mode === undefined ? [] : [mode];
  const hasOrder = Array.isArray(at(active, 'BootOrder')) || Array.isArray(at(pending, 'BootOrder'));
  const persistent = hasOrder || listOf('BootSourceOverrideEnabled').includes('Continuous');
  const sanBoot = adapters.some(canBootFromSan) || sources.includes('RemoteDrive');
  if (active === undefined && pending === undefined) scope.gap('no boot override');
  else if (sources.length === 0) scope.gap('the boot sources are not listed');
  if (!hasOrder) scope.gap('no boot order');
  if (!sanBoot) scope.gap('no adapter tells of booting from a SAN');
  if (at(system.body, 'BootProgress') === undefined) scope.gap('no BootProgress');
  return { sources, modes, sanBoot, persistent };
}
