import { tryParseDeviceJson, type ServerIdentity } from '@rackwright/driver-core';
import type { Iqn, MacAddress } from '@rackwright/kernel';
import { z } from 'zod';
import { identityOf, type ScriptPort, type ScriptTarget } from './script-identity.js';

const MARK = '# rackwright-identity ';
/** Where a server ends that cannot boot: it must not boot something else under this identity. */
const FAILED = [':failed', 'echo RACKWRIGHT-SANBOOT-FAILED', 'shell'];
/** Longest script that is looked at; the longest one made here is a few kilobytes. */
const SCRIPT_MAX = 64 * 2 ** 10;

/** What a server without a profile gets: it stays at its prompt and boots nothing. */
export const NO_PROFILE_SCRIPT = '#!ipxe\necho This server has no profile.\nshell\n';

/**
 * The script of an identity. The second line carries the identity itself, so that it can be read back and compared.
 * `keep-san` leaves the disk described for the operating system. Targets are tried in order; after the last the server
 * stays at its prompt.
 */
export function scriptOf(ports: readonly ScriptPort[]): string {
  const identity = { ports: ports.map(identityOf) };
  const mark = Buffer.from(JSON.stringify(identity), 'utf8').toString('base64url');
  const targets = ports.flatMap((port) => port.targets);
  const initiator = ports.find((port) => port.initiator !== undefined)?.initiator;
  const commands = [
    ...ports.flatMap(interfaceLines),
    ...(initiator === undefined ? [] : [`set initiator-iqn ${initiator}`]),
    ...(targets.length === 0 ? [] : ['set keep-san 1']),
  ];
  return [
    '#!ipxe',
    `${MARK}${mark}`,
    // A line that fails would end the script, and the firmware would go on to its next boot device.
    ...commands.map((command) => `${command} || goto failed`),
    ...(targets.length === 0 ? ['exit'] : targets.map((target) => `sanboot --drive 0x80 ${uriOf(target)} ||`)),
    ...FAILED,
    '',
  ].join('\n');
}

function interfaceLines(port: ScriptPort): string[] {
  const { address, gateway, mac } = port;
  return [
    // The address can only be changed while the interface is closed.
    ...(mac === undefined ? [] : [`ifclose ${port.interface}`, `set ${port.interface}/mac ${mac}`]),
    ...(address === undefined
      ? []
      : [`set ${port.interface}/ip ${address.ip}`, `set ${port.interface}/netmask ${netmaskOf(address.prefix)}`]),
    ...(gateway === undefined ? [] : [`set ${port.interface}/gateway ${gateway}`]),
    ...(address === undefined ? [] : [`ifopen ${port.interface}`]),
  ];
}

/** RFC 4173 section 5; iPXE reads the LUN as hexadecimal. */
function uriOf({ portal, lun, iqn }: ScriptTarget): string {
  const wire = lun <= 255 ? lun : 0x4000 | lun;
  return `iscsi:${portal.host}::${portal.port}:${wire.toString(16)}:${iqn}`;
}

export function netmaskOf(prefix: number): string {
  const mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join('.');
}

const identitySchema = z.object({
  ports: z.array(
    z.object({
      port: z.string(),
      mac: z
        .string()
        .transform((text) => text as MacAddress)
        .optional(),
      iscsi: z
        .object({
          initiator: z.string().transform((text) => text as Iqn),
          address: z.string().optional(),
          gateway: z.string().optional(),
        })
        .optional(),
      bootTargets: z
        .array(z.object({ kind: z.literal('iscsi'), target: z.string(), portal: z.string(), lun: z.number() }))
        .optional(),
    }),
  ),
});

/**
 * The identity that a script says it carries; undefined for a script of somebody else. Not to be believed before the
 * script was generated again from it and is the same, character by character.
 */
export function claimedIdentity(script: string): ServerIdentity | undefined {
  if (script.length > SCRIPT_MAX) return undefined;
  const mark = script.split('\n')[1] ?? '';
  if (!mark.startsWith(MARK)) return undefined;
  const text = Buffer.from(mark.slice(MARK.length), 'base64url').toString('utf8');
  const parsed = identitySchema.safeParse(tryParseDeviceJson(text, 8));
  return parsed.success ? (JSON.parse(JSON.stringify(parsed.data)) as ServerIdentity) : undefined;
}
