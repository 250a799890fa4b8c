import { ARCHITECTURES, tryParseIqn, tryParseMac, tryParseUuid, tryParseWwn } from '@rackwright/kernel';
import { z } from 'zod';

/** Text in any usual notation that becomes its one normal form. A bare number is refused: 64 bits do not fit one. */
function identity<T extends string>(what: string, example: string, read: (text: string) => T | undefined) {
  return z
    .string({
      error: (issue) =>
        typeof issue.input === 'number'
          ? `this was read as a number; put the ${what} in quotes`
          : `expected a ${what} such as ${example}`,
    })
    .max(300)
    .meta({ description: `${what} in any usual notation`, examples: [example] })
    .transform((text, context): T => {
      const normal = read(text);
      if (normal !== undefined) return normal;
      context.addIssue({ code: 'custom', message: `"${text}" is not a ${what} such as ${example}` });
      return z.NEVER;
    });
}

export const mac = identity('MAC address', '02:1b:21:00:00:01', tryParseMac);
export const wwn = identity('World Wide Name', '20:00:02:1b:21:00:00:01', tryParseWwn);
export const iqn = identity('iSCSI qualified name', 'iqn.2026-01.org.rackwright:web01', tryParseIqn);
export const uuid = identity('UUID', '7d9f2f5e-1f3b-4c57-9d1f-0a3f5b6c7d8e', tryParseUuid);

/** Three octets in any notation, locally administered and unicast: the only kind that may be given out. */
export const localPrefix = identity('three-octet prefix', '02:1b:21', (text) => {
  const hex = text
    .trim()
    .toLowerCase()
    .replace(/[:.\-\s]/g, '');
  return /^[0-9a-f]{6}$/.test(hex) ? hex.replace(/(..)(?!$)/g, '$1:') : undefined;
}).refine((prefix) => (Number.parseInt(prefix.slice(0, 2), 16) & 3) === 2, {
  message: 'the prefix must be locally administered and unicast: its second digit is 2, 6, a or e',
  params: { code: 'prefix-not-local' },
});

export const objectName = z
  .string()
  .max(63, 'a name has at most 63 characters')
  .regex(
    /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/,
    'a name is made of lower-case letters, digits, dots and dashes, and begins and ends with a letter or digit',
  );
export const deviceWord = z.string().min(1).max(200);
export const vlanId = z.int().min(1, 'a VLAN is 1 to 4094').max(4094, 'a VLAN is 1 to 4094');
export const lunId = z.int().min(0).max(16383);
export const architecture = z.enum(ARCHITECTURES);

export const trust = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ca'), caPem: z.string().max(100_000), serverName: z.string().max(253).optional() }),
  z.strictObject({
    kind: z.literal('pin'),
    sha256: z
      .string()
      .transform((text) => text.replaceAll(':', '').toLowerCase())
      .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 fingerprint has 64 hexadecimal digits')),
  }),
  z.strictObject({ kind: z.literal('first-use') }),
  z.strictObject({ kind: z.literal('none') }),
]);

/** Sealed by the gateway to the owner of the device; never given back. */
export const credential = z.strictObject({
  username: z.string().min(1).max(200),
  password: z.string().max(500).meta({ writeOnly: true }),
});

export const device = {
  address: z.string().min(1).max(200),
  trust,
  credential: credential.optional(),
};

const DOTTED = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export const ipv4 = z.string().regex(DOTTED, 'expected an IPv4 address such as 10.20.0.5');
/** A static address; the length of its subnet may be given or not. */
export const ipv4MaybePrefix = z
  .string()
  .refine((text) => DOTTED.test(text.split('/')[0] ?? '') && /^[^/]+(\/([0-9]|[12]\d|3[0-2]))?$/.test(text), {
    message: 'expected an IPv4 address such as 10.20.0.5',
  });
export const subnet = z.string().refine(
  (text) => {
    const [address = '', length = ''] = text.split('/');
    if (!DOTTED.test(address) || !/^([1-9]|[12]\d|30)$/.test(length)) return false;
    return numberOf(address) % 2 ** (32 - Number(length)) === 0;
  },
  {
    message: 'expected an IPv4 subnet with a zero host part such as 10.20.0.0/16',
    params: { code: 'invalid-subnet' },
  },
);

/** True for a host address of the subnet: not its first and not its last. */
export function isHostIn(subnetText: string, address: string): boolean {
  const [base = '', length = ''] = subnetText.split('/');
  const size = 2 ** (32 - Number(length));
  const offset = numberOf(address.split('/')[0] ?? '') - numberOf(base);
  return size <= 2 ? offset >= 0 && offset < size : offset > 0 && offset < size - 1;
}
