import { tryParseMac, type MacAddress } from '@rackwright/kernel';

/** A port of a server that boots by script: IPMI tells of none, so the operator names them. */
export interface ScriptPortOption {
  readonly name: string;
  readonly interface: string;
  readonly permanentMac?: MacAddress;
}

/** Reads `NIC.1=net0=52:54:00:00:00:01,NIC.2=net1` from the option `ports`; the MAC is the burnt-in one, and optional. */
export function scriptPortsIn(options: Readonly<Record<string, string>>): readonly ScriptPortOption[] {
  return (options['ports'] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name = '', interfaceName = '', macText = ''] = part.split('=').map((text) => text.trim());
      const permanentMac = tryParseMac(macText);
      return { name, interface: interfaceName, ...(permanentMac !== undefined && { permanentMac }) };
    });
}
