/** What an identity of a profile is for. */
export const IQN_SLOT = 'iscsi';

export function wwpnSlot(vhba: string): string {
  return `vhba:${vhba}:wwpn`;
}

export function wwnnSlot(vhba: string): string {
  return `vhba:${vhba}:wwnn`;
}
