import type { ArrayTarget, DeviceCall } from '@rackwright/driver-core';
import { tryParseWwn } from '@rackwright/kernel';
import { z } from 'zod';
import type { PowerStoreSession } from './powerstore-client.js';

const fcPortSchema = z.object({ wwn: z.string().nullish() });
const addressSchema = z.object({
  address: z.string().nullish(),
  purposes: z.array(z.string()).nullish(),
  ip_port: z.object({ target_iqn: z.string().nullish() }).nullish(),
});
const ISCSI_PURPOSE = 'Storage_Iscsi_Target';
const ISCSI_PORT = 3260;

/** Fibre Channel target ports and iSCSI portals. The array does not know fabrics: which one a port is in, cabling tells. */
export async function readTargets(session: PowerStoreSession, call: DeviceCall): Promise<readonly ArrayTarget[]> {
  const ports = (await session.rowsIfOffered('fc_port?select=id,wwn', fcPortSchema, call)) ?? [];
  const path = 'ip_pool_address?select=id,address,purposes,ip_port(target_iqn)';
  const addresses = (await session.rowsIfOffered(path, addressSchema, call)) ?? [];
  const fibre = ports.flatMap((port): readonly ArrayTarget[] => {
    const wwpn = tryParseWwn(port.wwn ?? '');
    return wwpn === undefined ? [] : [{ kind: 'fibre-channel', name: wwpn }];
  });
  const iscsi = addresses.flatMap((one): readonly ArrayTarget[] => {
    const iqn = one.ip_port?.target_iqn;
    if (!iqn || !one.address || one.purposes?.includes(ISCSI_PURPOSE) !== true) return [];
    const host = one.address.includes(':') ? `[${one.address}]` : one.address;
    return [{ kind: 'iscsi', name: iqn, portal: `${host}:${ISCSI_PORT}` }];
  });
  return [...fibre, ...iscsi];
}
