import type { TgtLun, TgtTarget } from './show-target.js';

/** How volumes and hosts are named on one tgt daemon. */
export interface TargetNames {
  /** Targets of volumes begin with this; what follows is the volume's name. Empty: every target is a volume. */
  readonly volumePrefix: string;
  /** Marker targets of host objects begin with this. */
  readonly hostPrefix: string;
}

export interface TgtVolume {
  readonly name: string;
  readonly target: TgtTarget;
  readonly lun: TgtLun;
}

export interface TgtHost {
  readonly name: string;
  readonly target: TgtTarget;
  readonly initiators: readonly string[];
}

/** Names of targets admit fewer characters than host names (`_` is none): everything else is written `.5f`. */
export function hostTargetName(names: TargetNames, host: string): string {
  const encoded = [...Buffer.from(host, 'utf8')].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[a-z0-9-]/.test(character) ? character : `.${byte.toString(16).padStart(2, '0')}`;
  });
  return names.hostPrefix + encoded.join('');
}

/** The host a marker target stands for; undefined for every other target. */
export function hostOfTarget(names: TargetNames, target: string): string | undefined {
  if (!target.startsWith(names.hostPrefix)) return undefined;
  const text = target.slice(names.hostPrefix.length);
  const host = Buffer.from(
    text.replace(/\.([0-9a-f]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
  return host !== '' && hostTargetName(names, host) === target ? host : undefined;
}

/** Volumes that can be masked on their own: targets with exactly one logical unit besides the controller. */
export function volumesOf(names: TargetNames, targets: readonly TgtTarget[]): TgtVolume[] {
  return targets.flatMap((target) => {
    const [lun, ...more] = target.luns.filter((unit) => unit.type !== 'controller');
    const isVolume = target.name.startsWith(names.volumePrefix) && hostOfTarget(names, target.name) === undefined;
    if (!isVolume || lun === undefined || more.length > 0) return [];
    return [{ name: target.name.slice(names.volumePrefix.length), target, lun }];
  });
}

export function hostsOf(names: TargetNames, targets: readonly TgtTarget[]): TgtHost[] {
  return targets.flatMap((target) => {
    const name = hostOfTarget(names, target.name);
    return name === undefined ? [] : [{ name, target, initiators: target.acl }];
  });
}
