/** An IPv4 subnet as numbers; addresses are unsigned 32-bit values. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

function addressNumber(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Reads `10.20.0.0/16`; undefined when it is no subnet, or when its host part is not zero. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', prefixText = ''] = text.split('/');
  const base = addressNumber(address);
  const prefix = Number(prefixText);
  if (base === undefined || !/^\d{1,2}$/.test(prefixText) || prefix < 1 || prefix > 30) return undefined;
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : undefined;
}

/** True for a host address of the subnet: inside, and neither its network nor its broadcast address. */
export function isHostIn(subnet: Subnet, text: string): boolean {
  const address = addressNumber(text);
  const size = 2 ** (32 - subnet.prefix);
  return address !== undefined && address > subnet.base && address < subnet.base + size - 1;
}

/** The address of `10.20.0.5` or `10.20.0.5/16`, without its prefix. */
export function bareAddress(text: string): string {
  return text.split('/')[0] ?? text;
}
