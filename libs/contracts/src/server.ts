import { z } from 'zod';
import {
  architecture,
  deviceWord,
  iqn,
  isoTime,
  lunId,
  mac,
  objectName,
  profileId,
  serverId,
  uuid,
  wwn,
} from './schemas.js';

/** Life cycle of a server (inventory owns it). */
export const SERVER_LIFECYCLES = [
  'enrolled',
  'available',
  'assigned',
  'maintenance',
  'quarantined',
  'retired',
] as const;
export const serverLifecycle = z.enum(SERVER_LIFECYCLES);
export type ServerLifecycle = z.infer<typeof serverLifecycle>;

export const powerState = z.enum(['on', 'off', 'unknown']);

/** Where the other end of a server's port is plugged in, and how sure we are. */
export const cablingEnd = z.strictObject({
  device: objectName,
  port: deviceWord,
  source: z.enum(['declared', 'lldp', 'mac-table', 'fabric-login']),
  /** 0..1: declared and confirmed 1, one observation 0.8, contradicted 0. */
  confidence: z.number().min(0).max(1),
  at: isoTime,
});

export const portFacts = z.strictObject({
  name: deviceWord,
  kind: z.enum(['ethernet', 'fibre-channel']),
  adapterModel: z.string().max(200).optional(),
  permanentMac: mac.optional(),
  permanentWwpn: wwn.optional(),
  permanentWwnn: wwn.optional(),
  linkUp: z.boolean().optional(),
  speedMbps: z.int().optional(),
  assignable: z.boolean(),
  lldp: z
    .strictObject({
      chassisId: z.string().max(200).optional(),
      portId: z.string().max(200).optional(),
      systemName: z.string().max(200).optional(),
    })
    .optional(),
});
export type PortFacts = z.infer<typeof portFacts>;

export const hardwareFacts = z.strictObject({
  vendor: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  serial: z.string().max(200).optional(),
  boardSerial: z.string().max(200).optional(),
  uuid: uuid.optional(),
  architecture: architecture.optional(),
  processorCount: z.int().optional(),
  cores: z.int().optional(),
  threads: z.int().optional(),
  memoryGiB: z.number().optional(),
  biosVersion: z.string().max(200).optional(),
  bmcFirmware: z.string().max(200).optional(),
  ports: z.array(portFacts).max(256),
  bootSources: z.array(z.string().max(60)).max(60),
  sanBoot: z.boolean(),
  powerWatts: z.number().optional(),
  gaps: z.array(z.string().max(200)).max(100),
});
export type HardwareFactsMessage = z.infer<typeof hardwareFacts>;

export const sanBootTarget = z.strictObject({
  kind: z.enum(['fibre-channel', 'iscsi']),
  target: z.string().max(223),
  portal: z.string().max(100).optional(),
  lun: lunId,
});

/** What one adapter port is to show: the message form of the driver's PortIdentity. */
export const portIdentity = z.strictObject({
  port: deviceWord,
  mac: mac.optional(),
  wwpn: wwn.optional(),
  wwnn: wwn.optional(),
  iscsi: z
    .strictObject({ initiator: iqn, address: z.string().max(60).optional(), gateway: z.string().max(60).optional() })
    .optional(),
  bootTargets: z.array(sanBootTarget).max(8).optional(),
});
export type PortIdentityMessage = z.infer<typeof portIdentity>;

export const serverIdentity = z.strictObject({ uuid: uuid.optional(), ports: z.array(portIdentity).max(64) });
export type ServerIdentityMessage = z.infer<typeof serverIdentity>;

/** A vNIC as the profile defines it: networks by name. */
export const vnicSpec = z.strictObject({
  name: objectName,
  native: objectName.optional(),
  tagged: z.array(objectName).max(64).default([]),
  networkSet: objectName.optional(),
  /** An explicit MAC must lie in the MAC pool; otherwise one is taken from it. */
  mac: mac.optional(),
  /** Static IPv4 address on the native network. */
  address: z.string().max(40).optional(),
});
export const vhbaSpec = z.strictObject({
  name: objectName,
  fabric: objectName,
  wwpn: wwn.optional(),
  wwnn: wwn.optional(),
});
export const iscsiSpec = z.strictObject({
  /** The vNIC through which the initiator reaches the array. */
  vnic: objectName,
  initiator: iqn.optional(),
  address: z.string().max(40).optional(),
});
export const volumeSpec = z.strictObject({ volume: objectName, lun: lunId, boot: z.boolean().default(false) });

/** What a machine must be for this profile to land on it. */
export const qualification = z.strictObject({
  architecture: architecture.optional(),
  coresMin: z.int().min(1).optional(),
  memoryGiBMin: z.number().min(1).optional(),
  pool: objectName.optional(),
  model: z.string().max(200).optional(),
});

/** A server profile: everything a server *is*, apart from the machine it runs on. */
export const profileDefinition = z.strictObject({
  name: objectName,
  group: objectName.default('default'),
  description: z.string().max(1000).default(''),
  uuid: uuid.optional(),
  qualification,
  vnics: z.array(vnicSpec).max(16),
  vhbas: z.array(vhbaSpec).max(8).default([]),
  iscsi: iscsiSpec.optional(),
  volumes: z.array(volumeSpec).max(64).default([]),
});
export type ProfileDefinition = z.infer<typeof profileDefinition>;

/** A port of a server in a saga: where it is cabled and which vNIC or vHBA is to live on it. */
export const sagaPort = z.strictObject({
  name: deviceWord,
  kind: z.enum(['ethernet', 'fibre-channel']),
  /** Switch (Ethernet) or fabric (Fibre Channel) and its port; absent when nobody knows. */
  device: objectName.optional(),
  devicePort: deviceWord.optional(),
  permanentMac: mac.optional(),
  permanentWwpn: wwn.optional(),
  /** vNIC or vHBA of the profile that lands here. */
  carries: objectName.optional(),
});
export type SagaPort = z.infer<typeof sagaPort>;

/** A server as a saga sees it: its name, the epoch in force and its ports. */
export const sagaServer = z.strictObject({
  id: serverId,
  name: objectName,
  epoch: z.int().min(1),
  boardSerial: z.string().max(200),
  ports: z.array(sagaPort).max(64),
  /** True for one that was fenced and that nobody has released since: no saga brings it up again. */
  quarantined: z.literal(true).optional(),
});
export type SagaServer = z.infer<typeof sagaServer>;

export const sagaProfile = z.strictObject({
  id: profileId,
  name: objectName,
  epoch: z.int().min(1),
  uuid,
  fabrics: z.array(objectName),
});
